import pytest

from openmedlm.data import BENCHMARKS, Question, load_split
from openmedlm.programs import Exemplar, exemplar_from_explanation
from openmedlm.programs.final_answer import split_closing

REASONING = "Bile is made by hepatocytes, which rules out (B) and option C."


def explained(explanation: str | None, answer: str = "D") -> Question:
    options = {"A": "Kidney", "B": "Lung", "C": "Skin", "D": "Liver"}
    return Question("q", "invented", "pool", "Which makes bile?", options, answer, explanation=explanation)


def test_an_explanation_becomes_a_rationale_without_its_closing() -> None:
    question = explained(f"{REASONING} So the answer is (D).")
    assert exemplar_from_explanation(question) == Exemplar(question, REASONING, teacher="dataset")


def test_an_explanation_without_a_closing_is_taken_as_it_is() -> None:
    question = explained(REASONING)
    assert exemplar_from_explanation(question) == Exemplar(question, REASONING, teacher="dataset")


@pytest.mark.parametrize("closing", ["So the answer is (D).", "answer: (d)", "### Final Answer\nD", "Answer: D. Liver"])
def test_an_explanation_that_closes_on_another_letter_is_refused(closing: str) -> None:
    assert exemplar_from_explanation(explained(f"{REASONING} {closing}", answer="A")) is None


@pytest.mark.parametrize("explanation", [None, "", "  \n", "Answer: D"])
def test_without_reasoning_there_is_no_exemplar(explanation: str | None) -> None:
    assert exemplar_from_explanation(explained(explanation)) is None


def test_an_exemplar_without_its_rationale_names_no_teacher() -> None:
    question = explained(REASONING)
    assert Exemplar(question, REASONING, teacher="dataset").without_rationale() == Exemplar(question)


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_every_pool_question_of_the_sample_brings_a_rationale(benchmark: str) -> None:
    for question in load_split(benchmark, "pool", "sample"):
        exemplar = exemplar_from_explanation(question)
        assert exemplar is not None, question.id
        assert split_closing(exemplar.rationale or "") == (exemplar.rationale, None)
