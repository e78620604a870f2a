from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import dspy
import pytest

from openmedlm.data import Question, UserError
from openmedlm.optimizers.knn_few_shot import KNNFewShot
from openmedlm.programs import Exemplar
from openmedlm.programs.convert import to_demo
from openmedlm.programs.knn_cot import KNNCoT
from openmedlm.programs.knn_few_shot import KNNPredict
from openmedlm.programs.retrieval import SentenceEmbedder, find_embedder

Load = Callable[[str, str], list[Question]]
Trainset = Callable[[str], list[dspy.Example]]


@pytest.fixture
def optimizer(minilm: SentenceEmbedder, vectors: Path) -> KNNFewShot:
    return KNNFewShot(k=3, embedder=minilm, cache=vectors)


def test_knn_exemplars_differ_by_question(optimizer: KNNFewShot, trainset: Trainset, sample: Load) -> None:
    program = optimizer.compile(KNNCoT(), trainset=trainset("mmlu")).prompt_program()
    chosen = program.exemplars.choose(sample("mmlu", "dev")[:6])
    assert [len(selection.exemplars) for selection in chosen] == [3] * 6
    assert len({tuple(exemplar.question.id for exemplar in selection.exemplars) for selection in chosen}) == 6


def test_knn_exemplars_are_often_of_the_same_subject(optimizer: KNNFewShot, trainset: Trainset, sample: Load) -> None:
    """By chance, one in six neighbours has the question's subject."""
    questions = sample("mmlu", "dev")
    chosen = optimizer.compile(KNNCoT(), trainset=trainset("mmlu")).prompt_program().exemplars.choose(questions)
    nearest = [selection.exemplars[-1].question.subject for selection in chosen]
    same = sum(subject == question.subject for subject, question in zip(nearest, questions, strict=True))
    assert same >= len(questions) / 3


def test_compile_leaves_the_student_unchanged(optimizer: KNNFewShot, trainset: Trainset) -> None:
    student = KNNCoT(seed=4)
    compiled = optimizer.compile(student, trainset=trainset("mmlu"))
    assert student.nearest is None
    assert isinstance(compiled, KNNCoT)
    assert compiled.seed == 4


def test_direct_student_shows_no_rationales(optimizer: KNNFewShot, trainset: Trainset, sample: Load) -> None:
    compiled = optimizer.compile(KNNPredict(), trainset=trainset("mmlu"))
    (selection,) = compiled.exemplars.choose(sample("mmlu", "dev")[:1])
    assert [exemplar.rationale for exemplar in selection.exemplars] == [None] * 3


def test_knn_reasoning_student_shows_rationales(optimizer: KNNFewShot, trainset: Trainset, sample: Load) -> None:
    (selection,) = optimizer.compile(KNNCoT(), trainset=trainset("mmlu")).exemplars.choose(sample("mmlu", "dev")[:1])
    assert all(exemplar.rationale and exemplar.teacher == "dataset" for exemplar in selection.exemplars)


def test_knn_cot_retrieves_only_rationales(optimizer: KNNFewShot, trainset: Trainset, sample: Load) -> None:
    questions = sample("mmlu", "dev")[:2]
    bare = [to_demo(Exemplar(replace(question, id="bare", split="pool"))) for question in sample("mmlu", "test")]
    compiled = optimizer.compile(KNNCoT(), trainset=[*bare, *trainset("mmlu")[:8]])
    chosen = compiled.exemplars.choose(questions)
    shown = [exemplar.question.id for selection in chosen for exemplar in selection.exemplars]
    assert len(shown) == 6
    assert "bare" not in shown


def test_reasoning_without_rationales_is_one_line(optimizer: KNNFewShot, sample: Load) -> None:
    bare = [to_demo(Exemplar(question)) for question in sample("mmlu", "pool")]
    with pytest.raises(UserError, match=r"knn-cot in .*none of the 24 exemplars") as caught:
        optimizer.compile(KNNCoT(), trainset=bare)
    assert "\n" not in str(caught.value)


def test_knn_never_shows_the_question_itself(optimizer: KNNFewShot, trainset: Trainset, sample: Load) -> None:
    """In plain DSPy a question has neither id nor split; its text identifies it."""
    compiled = optimizer.compile(KNNCoT(), trainset=trainset("pubmedqa"))
    for question in sample("pubmedqa", "pool")[:4]:
        (selection,) = compiled.exemplars.choose([replace(question, id="", split="", explanation=None)])
        assert question.id not in [exemplar.question.id for exemplar in selection.exemplars]


def test_knn_without_embedder_uses_the_default() -> None:
    assert KNNFewShot().embedder.fingerprint == find_embedder().fingerprint
