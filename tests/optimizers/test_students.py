"""Students and trainsets that the optimizers accept and refuse."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import dspy
import pytest

from openmedlm.data import Question, UserError
from openmedlm.optimizers import KNNFewShot, MajorityVote, RandomFewShot, Space, TuneStrategy
from openmedlm.optimizers.trainset import MissingRationales
from openmedlm.programs import PLAIN, SamplingParams
from openmedlm.programs.cot import CoT
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.few_shot import FewShot
from openmedlm.programs.few_shot_cot import FewShotCoT
from openmedlm.programs.knn_cot import KNNCoT
from openmedlm.programs.knn_few_shot import KNNPredict
from openmedlm.programs.retrieval import SentenceEmbedder
from openmedlm.programs.strategy import Strategy
from openmedlm.programs.zero_shot import ZeroShot

Load = Callable[[str, str], list[Question]]
Optimizers = dict[str, Any]
Trainset = Callable[[str], list[dspy.Example]]
Compile = Callable[..., Any]

STUDENTS = (ZeroShot, FewShot, KNNPredict, CoT, FewShotCoT, KNNCoT)
REASONING = (CoT, FewShotCoT, KNNCoT)
OPTIMIZERS = ("RandomFewShot", "KNNFewShot", "MajorityVote", "TuneStrategy")


@pytest.fixture
def optimizers(minilm: SentenceEmbedder, vectors: Path) -> dict[str, Any]:
    space = Space(strategy=("zero-shot", "few-shot"), k=(2,), votes=(1,), instructions=("default",))
    return {
        "RandomFewShot": RandomFewShot(k=2),
        "KNNFewShot": KNNFewShot(k=2, embedder=minilm, cache=vectors),
        "MajorityVote": MajorityVote(votes=3),
        "TuneStrategy": TuneStrategy(space, trials=1, cache=vectors),
    }


def qa(number: int = 0, **fields: Any) -> dspy.Example:
    values = {"question": f"Which organ has number {number}?", "options": {"A": "Heart", "B": "Liver"}, "answer": "A"}
    return dspy.Example(**{**values, **fields}).with_inputs("question", "options")


WRONG_STUDENTS = {
    "predict": lambda: dspy.Predict("question -> answer"),
    "chain of thought": lambda: dspy.ChainOfThought("question -> answer"),
    "string": lambda: "question -> answer",
    "none": lambda: None,
    "class": lambda: CoT,
    "ensemble": lambda: MajorityEnsemble(CoT()),
}


@pytest.mark.parametrize("student", WRONG_STUDENTS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_wrong_student_is_one_type_error(name: str, student: str, optimizers: Optimizers, trainset: Trainset) -> None:
    given = WRONG_STUDENTS[student]()
    pool = trainset("mmlu")
    with pytest.raises(TypeError) as error:
        optimizers[name].compile(given, trainset=pool, valset=pool[:4])
    message = str(error.value)
    assert f"{name}.compile" in message
    assert (given.__name__ if isinstance(given, type) else type(given).__name__) in message
    assert "ZeroShot" in message
    assert "\n" not in message


WRONG_TRAINSETS = {
    "empty": [],
    "none": None,
    "numbers": [1, 2],
    "strings": ["question"],
    "questions without options": [dspy.Example(question="Which organ?", answer="A")],
    "questions without an answer": [dspy.Example(question="Which organ?", options={"A": "Heart"})],
    "options in a list": [dspy.Example(question="Which organ?", options=["Heart"], answer="A")],
    "empty example": [dspy.Example()],
}


@pytest.mark.parametrize("wrong", WRONG_TRAINSETS)
@pytest.mark.parametrize("name", ["RandomFewShot", "KNNFewShot", "TuneStrategy"])
def test_wrong_trainset_is_one_user_error(name: str, wrong: str, optimizers: Optimizers) -> None:
    with pytest.raises(UserError, match=rf"trainset.*{name}\.compile") as error:
        optimizers[name].compile(ZeroShot(), trainset=WRONG_TRAINSETS[wrong], valset=[qa(0), qa(1)])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("wrong", ["numbers", "questions without options", "empty example"])
@pytest.mark.parametrize("name", ["RandomFewShot", "KNNFewShot", "TuneStrategy"])
def test_wrong_valset_is_one_user_error(name: str, wrong: str, optimizers: Optimizers) -> None:
    with pytest.raises(UserError, match="valset"):
        optimizers[name].compile(ZeroShot(), trainset=[qa(2)], valset=WRONG_TRAINSETS[wrong])


def test_questions_in_trainset_name_the_conversion(optimizers: Optimizers, sample: Load) -> None:
    with pytest.raises(UserError, match="to_demos"):
        optimizers["RandomFewShot"].compile(ZeroShot(), trainset=sample("mmlu", "pool"))


def test_label_that_is_no_option_names_the_question(optimizers: Optimizers) -> None:
    with pytest.raises(UserError, match=r"trainset.*: C of \"Which organ has number 1"):
        optimizers["RandomFewShot"].compile(ZeroShot(), trainset=[qa(0), qa(1, answer="C")])


@pytest.mark.parametrize(
    "make",
    [
        lambda: RandomFewShot(k=-1),
        lambda: KNNFewShot(k=-1),
        lambda: KNNFewShot(index="flat"),  # type: ignore[arg-type]
        lambda: KNNFewShot(order="first"),  # type: ignore[arg-type]
        lambda: MajorityVote(votes=0),
        lambda: MajorityVote(votes=-3),
        lambda: TuneStrategy(trials=0),
        lambda: TuneStrategy(num_threads=0),
        lambda: TuneStrategy(search_share=1.0),
    ],
)
def test_argument_out_of_range_is_a_value_error(make: Compile) -> None:
    with pytest.raises(ValueError, match=r"(k|votes|trials|num_threads|search_share|index|order) must be .* got"):
        make()


@pytest.mark.parametrize("student", REASONING)
@pytest.mark.parametrize(("name", "strategy"), [("RandomFewShot", "few-shot-cot"), ("KNNFewShot", "knn-cot")])
def test_missing_rationales_names_the_compiled_strategy(
    name: str, strategy: str, student: type[Strategy], optimizers: Optimizers
) -> None:
    with pytest.raises(MissingRationales, match=rf" {strategy} in {name}\.compile.* 2 exemplars.*medmcqa") as error:
        optimizers[name].compile(student(), trainset=[qa(0), qa(1)])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("student", STUDENTS)
def test_random_few_shot_fits_any_strategy(student: type[Strategy], trainset: Trainset) -> None:
    before = student(PLAIN, seed=7)
    compiled = RandomFewShot(k=3).compile(before, trainset=trainset("mmlu"))
    program = compiled.prompt_program()
    assert program.strategy == ("few-shot-cot" if student in REASONING else "few-shot")
    assert len(compiled.predictor.demos) == 3
    assert program.exemplars.describe()["kind"] == "fixed"
    assert (program.template, program.seed, program.decode) == (PLAIN, 7, before.decode)
    assert before.predictor.demos == []


@pytest.mark.parametrize("student", STUDENTS)
def test_knn_few_shot_fits_any_strategy(student: type[Strategy], optimizers: Optimizers, trainset: Trainset) -> None:
    before = student(PLAIN, seed=7)
    compiled = optimizers["KNNFewShot"].compile(before, trainset=trainset("mmlu"))
    assert type(compiled) is (KNNCoT if student in REASONING else KNNPredict)
    program = compiled.prompt_program()
    assert program.exemplars.describe()["kind"] == "nearest"
    assert (program.template, program.seed, program.decode) == (PLAIN, 7, before.decode)


@pytest.mark.parametrize("student", STUDENTS)
def test_instructions_of_the_student_are_kept(
    student: type[Strategy], optimizers: Optimizers, trainset: Trainset
) -> None:
    before = student()
    before.predictor.signature = before.predictor.signature.with_instructions("Name the option.")
    for name in ("RandomFewShot", "KNNFewShot"):
        compiled = optimizers[name].compile(before, trainset=trainset("mmlu"))
        assert compiled.prompt_program().instructions == "Name the option."


@pytest.mark.parametrize("member", ["RandomFewShot", "KNNFewShot"])
def test_majority_vote_compiles_any_member(member: str, optimizers: Optimizers, trainset: Trainset) -> None:
    vote = MajorityVote(votes=3, optimizer=optimizers[member], decode=SamplingParams(9))
    compiled = vote.compile(CoT(), trainset=trainset("mmlu"))
    program = compiled.prompt_program()
    assert (program.votes, program.member) == (3, "knn-cot" if member == "KNNFewShot" else "few-shot-cot")


def letter_in_options(example: dspy.Example, prediction: dspy.Prediction, trace: object = None) -> bool:
    return prediction.answer in example.options


@pytest.mark.parametrize("name", ["RandomFewShot", "KNNFewShot"])
def test_metric_drops_exemplars_that_it_rejects(name: str, minilm: SentenceEmbedder) -> None:
    pool = [qa(0), qa(1, answer="C"), qa(2, answer="B"), qa(3, answer="D")]
    optimizer = (
        RandomFewShot(k=9, metric=letter_in_options)
        if name == "RandomFewShot"
        else KNNFewShot(k=9, embedder=minilm, metric=letter_in_options)
    )
    compiled = optimizer.compile(ZeroShot(), trainset=pool)
    kept = compiled.nearest.pool if isinstance(compiled, KNNPredict) else compiled.exemplars.exemplars
    assert sorted(exemplar.question.answer for exemplar in kept) == ["A", "B"]


@pytest.mark.parametrize(
    ("result", "kept"),
    [(True, 2), (1.0, 2), (0.5, 2), (dspy.Prediction(score=1.0, feedback="good"), 2), (False, 0), (0, 0), (None, 0)],
)
def test_metric_result_may_be_bool_number_or_score(result: object, kept: int) -> None:
    calls: list[Sequence[object]] = []

    def metric(example: dspy.Example, prediction: dspy.Prediction, trace: object = None) -> object:
        calls.append((prediction.answer, prediction.reasoning, trace is not None))
        return result

    optimizer = RandomFewShot(k=5, metric=metric)
    pool = [qa(number, reasoning="It pumps.") for number in range(2)]
    if kept:
        assert len(optimizer.compile(CoT(), trainset=pool).predictor.demos) == kept
    else:
        with pytest.raises(UserError, match="metric rejects"):
            optimizer.compile(CoT(), trainset=pool)
    assert calls == [("A", "It pumps.", True)] * 2


@pytest.mark.parametrize("name", ["RandomFewShot", "KNNFewShot"])
def test_valset_questions_are_no_exemplars(name: str, optimizers: Optimizers, minilm: SentenceEmbedder) -> None:
    pool = [qa(number) for number in range(6)]
    optimizer = RandomFewShot(k=9) if name == "RandomFewShot" else KNNFewShot(k=9, embedder=minilm)
    reordered = qa(0, options={"A": "Liver", "B": "Heart"}, answer="B")
    compiled = optimizer.compile(ZeroShot(), trainset=pool, valset=[reordered, *pool[1:3]])
    kept = compiled.nearest.pool if isinstance(compiled, KNNPredict) else compiled.exemplars.exemplars
    assert sorted(exemplar.question.question[-2] for exemplar in kept) == ["3", "4", "5"]
    with pytest.raises(UserError, match="disjoint"):
        optimizer.compile(ZeroShot(), trainset=pool, valset=pool)
