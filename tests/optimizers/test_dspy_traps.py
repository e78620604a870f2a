"""Pitfalls of stock DSPy, each reproduced there and shown to be absent here."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dspy
import pytest
from model_server import ModelServer, Reply

from openmedlm.data import Question
from openmedlm.metrics import majority
from openmedlm.optimizers.knn_few_shot import KNNFewShot
from openmedlm.optimizers.majority_vote import MajorityVote
from openmedlm.optimizers.random_few_shot import RandomFewShot
from openmedlm.programs import SamplingParams
from openmedlm.programs.cot import CoT
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.few_shot import FewShot
from openmedlm.programs.few_shot_cot import FewShotCoT
from openmedlm.programs.knn_cot import KNNCoT
from openmedlm.programs.knn_few_shot import KNNPredict
from openmedlm.programs.retrieval import SentenceEmbedder
from openmedlm.programs.strategy import Strategy

OPTIONS = {"A": "Heart", "B": "Liver", "C": "Spleen", "D": "Kidney"}

Trainset = Callable[[str], list[dspy.Example]]
Load = Callable[[str, str], list[Question]]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        running.reply = lambda request: Reply("It pumps.\n\nAnswer: A")
        yield running


@pytest.fixture
def lm(server: ModelServer) -> Iterator[dspy.LM]:
    model = dspy.LM("openai/x", api_base=server.base_url, api_key="x", cache=False, num_retries=0)
    with dspy.context(lm=model):
        yield model


@pytest.fixture
def compiled(
    minilm: SentenceEmbedder, vectors: Path, trainset: Trainset
) -> Callable[[str], Strategy | MajorityEnsemble]:
    """Compile the strategy of that name on the sample of MMLU."""
    nearest = KNNFewShot(k=2, embedder=minilm, cache=vectors)
    random = RandomFewShot(k=2, seed=3)
    ways: dict[str, Callable[[], Any]] = {
        "few-shot": lambda: random.compile(FewShot(), trainset=trainset("mmlu")),
        "few-shot-cot": lambda: random.compile(FewShotCoT(), trainset=trainset("mmlu")),
        "knn-few-shot": lambda: nearest.compile(KNNPredict(), trainset=trainset("mmlu")),
        "knn-cot": lambda: nearest.compile(KNNCoT(), trainset=trainset("mmlu")),
        "ensemble": lambda: MajorityVote(votes=4, optimizer=nearest).compile(KNNCoT(), trainset=trainset("mmlu")),
    }
    return lambda name: ways[name]()


COMPILED = ("few-shot", "few-shot-cot", "knn-few-shot", "knn-cot", "ensemble")


def fresh(name: str) -> Strategy | MajorityEnsemble:
    """Make a module to load a saved state into, without anything of the pool."""
    kinds = {"few-shot": FewShot, "few-shot-cot": FewShotCoT, "knn-few-shot": KNNPredict, "knn-cot": KNNCoT}
    return MajorityEnsemble(KNNCoT(), votes=1, shuffle=False) if name == "ensemble" else kinds[name]()


def test_majority_counts_votes_for_a() -> None:
    votes = ["A", "A", "A", "B"]
    stock = dspy.majority(dspy.Prediction.from_completions({"answer": votes}), field="answer")
    assert stock.answer == "B"
    assert majority(votes).letter == "A"


def test_ensemble_answers_with_the_majority(server: ModelServer, lm: dspy.LM) -> None:
    votes = iter(["A", "A", "A", "B"])
    server.reply = lambda request: Reply(next(votes))
    prediction = MajorityEnsemble(CoT(), votes=4, shuffle=False)(question="Which organ pumps?", options=OPTIONS)
    assert sorted(prediction.votes) == ["A", "A", "A", "B"]
    assert prediction.answer == "A"


def test_stock_knn_sends_several_requests_per_call(
    server: ModelServer, lm: dspy.LM, trainset: Trainset, minilm: SentenceEmbedder
) -> None:
    server.reply = lambda request: Reply("[[ ## answer ## ]]\nA\n\n[[ ## completed ## ]]")
    pool = [example.with_inputs("question") for example in trainset("mmlu")[:6]]
    embedder = dspy.Embedder(minilm.encode)
    stock = dspy.KNNFewShot(k=2, trainset=pool, vectorizer=embedder).compile(dspy.Predict("question -> answer"))
    stock(question="Which organ pumps?")
    assert len(server.requests) > 1


@pytest.mark.parametrize("name", COMPILED)
def test_program_call_sends_one_request_per_vote(
    name: str, compiled: Callable[[str], Strategy | MajorityEnsemble], server: ModelServer, lm: dspy.LM
) -> None:
    program = compiled(name)
    assert not server.requests
    program(question="Which organ pumps?", options=OPTIONS)
    assert len(server.requests) == program.prompt_program().votes


@pytest.mark.parametrize("name", COMPILED)
def test_loaded_program_sends_the_same_requests(
    name: str, compiled: Callable[[str], Strategy | MajorityEnsemble], server: ModelServer, lm: dspy.LM, tmp_path: Path
) -> None:
    program, loaded = compiled(name), fresh(name)
    program.save(tmp_path / "state.json")
    loaded.load(tmp_path / "state.json")
    assert loaded.prompt_program().digest() == program.prompt_program().digest()
    for module in (program, loaded):
        module(question="Which organ pumps?", options=OPTIONS)
    half = len(server.requests) // 2
    sent = [Counter(request.identity for request in some) for some in (server.requests[:half], server.requests[half:])]
    assert sent[0] == sent[1]
    assert "Which organ" not in str(server.requests[0].prompt[1])


def test_nested_program_is_saved_with_its_pool(
    compiled: Callable[[str], Strategy | MajorityEnsemble], tmp_path: Path
) -> None:
    class Clinic(dspy.Module):
        def __init__(self, inner: Strategy) -> None:
            super().__init__()
            self.answerer = inner

    inner = compiled("knn-cot")
    inner._compiled = False  # DSPy leaves compiled modules out of the state
    outer, loaded = Clinic(inner), Clinic(KNNCoT())
    outer.save(tmp_path / "state.json")
    loaded.load(tmp_path / "state.json")
    assert loaded.answerer.prompt_program().digest() == inner.prompt_program().digest()


def test_ensemble_votes_are_different_requests(
    compiled: Callable[[str], Strategy | MajorityEnsemble], server: ModelServer, lm: dspy.LM
) -> None:
    """Every vote has its own seed and order, so that no cache returns one vote for another."""
    compiled("ensemble")(question="Which organ pumps?", options=OPTIONS)
    assert len({request.identity for request in server.requests}) == 4
    assert len({request.body["seed"] for request in server.requests}) == 4
    assert len({request.question for request in server.requests}) == 4


@pytest.mark.parametrize("name", ["few-shot", "few-shot-cot", "knn-few-shot", "knn-cot"])
def test_temperature_zero_stays_zero_when_saved(
    name: str, compiled: Callable[[str], Strategy | MajorityEnsemble], server: ModelServer, tmp_path: Path
) -> None:
    """The temperature of the configured model does not matter, nor does saving and loading."""
    program, loaded = compiled(name), fresh(name)
    program.save(tmp_path / "state.json")
    loaded.load(tmp_path / "state.json")
    warm = dspy.LM("openai/x", api_base=server.base_url, api_key="x", cache=False, num_retries=0, temperature=1.0)
    with dspy.context(lm=warm):
        program(question="Which organ pumps?", options=OPTIONS)
        loaded(question="Which organ pumps?", options=OPTIONS)
    assert [body["temperature"] for body in server.bodies] == [0.0, 0.0]


def test_ensemble_at_temperature_zero_stays_greedy(server: ModelServer, lm: dspy.LM) -> None:
    ensemble = MajorityVote(votes=3, decode=SamplingParams(max_tokens=32, temperature=0.0)).compile(CoT(), trainset=[])
    asyncio.run(ensemble.acall(question="Which organ pumps?", options=OPTIONS))
    assert [body["temperature"] for body in server.bodies] == [0.0] * 3


@pytest.mark.parametrize("name", COMPILED)
def test_dspy_evaluate_scores_a_compiled_module(
    name: str, compiled: Callable[[str], Strategy | MajorityEnsemble], sample: Load, server: ModelServer, lm: dspy.LM
) -> None:
    """The server answers with the right text, so a score of 100 % needs every shuffle undone."""
    questions = sample("mmlu", "dev")[:6]
    golds = {question.question: question.options[question.answer] for question in questions}

    def right(request: Any) -> Reply:
        stem, *lines = request.question.removeprefix("Question: ").split("\n")
        (letter,) = (line[0] for line in lines if line[3:] == golds[stem])
        return Reply(f"So it is.\n\nAnswer: {letter}")

    server.reply = right
    devset = [
        dspy.Example(question=q.question, options=dict(q.options), answer=q.answer).with_inputs("question", "options")
        for q in questions
    ]
    evaluate = dspy.Evaluate(
        devset=devset, metric=dspy.evaluate.answer_exact_match, num_threads=2, display_progress=False
    )
    assert evaluate(compiled(name)).score == 100.0
