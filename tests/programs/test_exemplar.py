import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import BENCHMARKS, Question, load_split
from programs import Exemplar, exemplar_from_explanation
from programs.closing import split_closing

REASONING = "Bile is made by hepatocytes, which rules out (B) and option C."

CLOSINGS = (
    "So the answer is (D).",
    "Therefore, the answer is D.",
    "Thus the correct answer is D",
    "Hence, the final answer is: (D).",
    "The answer is **D**.",
    "Answer: D",
    "answer: (d)",
    "**Answer: D**",
    "### Final Answer\nD",
    "\n\nThe answer is D)\n",
    "The best answer is D.",
    "My answer is D.",
    "Thus, the most likely answer is (D).",
    "The correct option is D.",
)


def explained(explanation: str | None, answer: str = "D") -> Question:
    options = {"A": "Kidney", "B": "Lung", "C": "Skin", "D": "Liver"}
    return Question("q", "invented", "pool", "Which makes bile?", options, answer, explanation=explanation)


@pytest.mark.parametrize("closing", CLOSINGS)
def test_a_closing_that_names_the_letter_is_taken_off(closing: str) -> None:
    assert split_closing(f"{REASONING} {closing}") == (REASONING, "D")


@pytest.mark.parametrize(
    "text",
    [
        REASONING,
        "The answer is A if it were the kidney, but it is not, so it must be the liver.",
        "It is a vitamin, and the answer is vitamin K",
        "Hepatitis B is answered by the presence of antibodies to antigen E",
        "",
    ],
)
def test_reasoning_without_a_closing_stays_whole(text: str) -> None:
    assert split_closing(text) == (text, None)


def test_only_the_last_sentence_is_taken_off() -> None:
    text = "One might say that the answer is A. It is not.\nAnswer: D"
    assert split_closing(text) == ("One might say that the answer is A. It is not.", "D")


@settings(deadline=None)
@given(st.text(max_size=200), st.sampled_from("ABCDEFGHIJ"))
def test_what_stands_before_the_closing_is_kept(text: str, letter: str) -> None:
    reasoning = f"{text}.".strip()
    assert split_closing(f"{reasoning}\n\nAnswer: {letter}") == (reasoning, letter)


@pytest.mark.parametrize("runaway", [" " * 5000 + "x", "\n" * 5000 + "x", "answer is" + "\n" * 1000 + "1", "*" * 5000])
def test_a_runaway_completion_is_split_at_once(runaway: str) -> None:
    started = time.process_time()
    split_closing(runaway)
    assert time.process_time() - started < 0.5


def test_an_explanation_becomes_a_rationale_without_its_closing() -> None:
    question = explained(f"{REASONING} So the answer is (D).")
    assert exemplar_from_explanation(question) == Exemplar(question, REASONING, teacher="dataset")


def test_an_explanation_without_a_closing_is_taken_as_it_is() -> None:
    question = explained(REASONING)
    assert exemplar_from_explanation(question) == Exemplar(question, REASONING, teacher="dataset")


@pytest.mark.parametrize("closing", CLOSINGS)
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
