import pytest

from openmedlm.data import BENCHMARKS, Question, load_split
from openmedlm.programs import Exemplar, exemplar_from_explanation
from openmedlm.programs.final_answer import split_closing

REASONING = "Bile is made by hepatocytes, which rules out (B) and option C."


def explained(explanation: str | None, answer: str = "D") -> Question:
    options = {"A": "Kidney", "B": "Lung", "C": "Skin", "D": "Liver"}
    return Question("q", "invented", "pool", "Which makes bile?", options, answer, explanation=explanation)


def test_explanation_becomes_a_rationale_without_closing() -> None:
    question = explained(f"{REASONING} So the answer is (D).")
    assert exemplar_from_explanation(question) == Exemplar(question, REASONING, teacher="dataset")


def test_explanation_without_a_closing_is_unchanged() -> None:
    question = explained(REASONING)
    assert exemplar_from_explanation(question) == Exemplar(question, REASONING, teacher="dataset")


@pytest.mark.parametrize("closing", ["So the answer is (D).", "answer: (d)", "### Final Answer\nD", "Answer: D. Liver"])
def test_explanation_for_another_letter_is_no_exemplar(closing: str) -> None:
    assert exemplar_from_explanation(explained(f"{REASONING} {closing}", answer="A")) is None


@pytest.mark.parametrize("explanation", [None, "", "  \n", "Answer: D"])
def test_empty_reasoning_is_no_exemplar(explanation: str | None) -> None:
    assert exemplar_from_explanation(explained(explanation)) is None


def test_exemplar_without_rationale_has_no_teacher() -> None:
    question = explained(REASONING)
    assert Exemplar(question, REASONING, teacher="dataset").without_rationale() == Exemplar(question)


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_sample_pool_questions_all_have_rationales(benchmark: str) -> None:
    for question in load_split(benchmark, "pool", "sample"):
        exemplar = exemplar_from_explanation(question)
        assert exemplar is not None, question.id
        assert split_closing(exemplar.rationale or "") == (exemplar.rationale, None)
