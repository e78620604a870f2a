"""The metric with DSPy's own evaluator and optimizers."""

import string
from typing import Any

import dspy
import pytest
from dspy.utils import DummyLM
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.metrics import exact_match

OPTIONS = {"A": "Heart", "B": "Liver", "C": "Vitamin C", "D": "+"}


class QA(dspy.Signature):
    """Answer the question."""

    question: str = dspy.InputField()
    options: dict[str, str] = dspy.InputField()
    answer: str = dspy.OutputField()


def example(answer: str = "B", **fields: Any) -> dspy.Example:
    fields = {"question": "Which organ makes bile?", "options": OPTIONS, "answer": answer} | fields
    return dspy.Example(**fields).with_inputs("question", "options")


def answering(*answers: str) -> DummyLM:
    return DummyLM([{"answer": answer} for answer in answers])


@pytest.mark.parametrize(
    "answer",
    [
        "B",
        "b",
        "(B)",
        "B.",
        "b)",
        "B) Liver",
        "Liver",
        "liver.",
        " B\n",
        "**B**",
        "Bile is made by hepatocytes.\n\nThe answer is B.",
        "<think>A? No.</think>\n\\boxed{B}",
    ],
)
def test_exact_match_any_writing_of_gold_is_right(answer: str) -> None:
    assert exact_match(example(), dspy.Prediction(answer=answer)) is True


@pytest.mark.parametrize("answer", ["A", "Heart", "", "  ", None, "A or B", "I cannot answer that.", "B) Heart", 7])
def test_exact_match_other_answer_is_wrong(answer: object) -> None:
    assert exact_match(example(), dspy.Prediction(answer=answer)) is False


@pytest.mark.parametrize("pred", [None, dspy.Prediction(), dspy.Prediction(reasoning="B"), {}, {"answer": None}])
def test_exact_match_missing_answer_is_wrong(pred: object) -> None:
    assert exact_match(example(), pred) is False


@pytest.mark.parametrize(("answer", "gold"), [("vitamin c", "C"), ("+", "D")])
def test_exact_match_text_of_signs_or_letters_counts(answer: str, gold: str) -> None:
    assert exact_match(example(gold), dspy.Prediction(answer=answer)) is True


def test_exact_match_accepts_mappings_strings_and_lists() -> None:
    record = {"answer": "b", "options": ["Heart", "Liver"]}
    assert exact_match(record, {"answer": "Liver"}) is True
    assert exact_match(record, "the answer is (B)") is True
    assert exact_match({"answer": "b", "options": {"a": "Heart", "b": "Liver"}}, "b") is True


def test_exact_match_without_options_reads_the_letter() -> None:
    assert exact_match({"answer": "g"}, "The answer is G.") is True
    assert exact_match({"answer": "B"}, "The answer is G.") is False


@pytest.mark.parametrize("gold", ["F", None, "", "Liver"])
def test_exact_match_gold_outside_options_is_refused(gold: object) -> None:
    with pytest.raises(ValueError, match="answer"):
        exact_match({"answer": gold, "options": OPTIONS}, "B")


@pytest.mark.parametrize("gold", ["AB", "XYZ", None, ""])
def test_exact_match_gold_without_options_is_a_letter(gold: object) -> None:
    with pytest.raises(ValueError, match="answer"):
        exact_match({"answer": gold}, "B")


def test_exact_match_numbered_options_are_read() -> None:
    numbered = {"answer": "2", "options": {"1": "Heart", "2": "Liver"}}
    assert [exact_match(numbered, answer) for answer in ("2", " 2\n", "Liver", "1")] == [True, True, True, False]


@given(st.text(), st.sampled_from(list(OPTIONS)))
def test_exact_match_any_text_gives_a_bool(text: str, gold: str) -> None:
    assert exact_match(example(gold), dspy.Prediction(answer=text)) in (True, False)


@given(st.permutations(string.ascii_uppercase[:4]), st.sampled_from(["{}", "({})", "{}.", "Answer: {}"]))
def test_exact_match_right_for_one_letter_only(gold: list[str], writing: str) -> None:
    right = [letter for letter in gold if exact_match(example(gold[0]), {"answer": writing.format(letter)})]
    assert right == [gold[0]]


@pytest.mark.parametrize(
    ("answer", "score", "given"),
    [("(b)", 1.0, "Correct"), ("The answer is A.", 0.0, "A) Heart"), ("A or B", 0.0, "A or B"), (None, 0.0, "No ans")],
)
def test_feedback_names_right_option_and_answer(answer: str | None, score: float, given: str) -> None:
    result = exact_match(example(explanation="Bile comes from hepatocytes."), {"answer": answer}, None, "predict", [])
    assert isinstance(result, dspy.Prediction)
    assert result.score == score
    for part in ("B) Liver", given, "Bile comes from hepatocytes."):
        assert part in result.feedback


def test_feedback_uses_reasoning_and_quotes_a_short_part() -> None:
    feedback = exact_match(example(reasoning="Hepatocytes."), {"answer": "?" * 9_000}, pred_name="predict").feedback
    assert "Hepatocytes." in feedback
    assert len(feedback) < 500


def test_dspy_evaluate_counts_right_answers() -> None:
    with dspy.context(lm=answering("B", "(b)", "Liver", "A")):
        evaluate = dspy.Evaluate(devset=[example()] * 4, metric=exact_match, num_threads=1, display_progress=False)
        assert evaluate(dspy.Predict(QA)).score == 75.0


def test_bootstrap_few_shot_keeps_right_demos() -> None:
    trainset = [example(question=f"Question {number}?") for number in range(3)]
    optimizer = dspy.BootstrapFewShot(metric=exact_match, max_bootstrapped_demos=3, max_labeled_demos=0)
    with dspy.context(lm=answering("A", "(B)", "C", *"AAAA")):
        compiled = optimizer.compile(dspy.Predict(QA), trainset=trainset)
    assert [demo.question for demo in compiled.demos] == ["Question 1?"]


def test_labeled_few_shot_program_is_scored() -> None:
    compiled = dspy.LabeledFewShot(k=1).compile(dspy.Predict(QA), trainset=[example()])
    with dspy.context(lm=answering("B")):
        assert exact_match(example(), compiled(question="?", options=OPTIONS)) is True


def test_gepa_reflects_on_the_feedback() -> None:
    """The reflection model sees the feedback, and its instruction reaches the program."""
    reflection = DummyLM([{"new_instruction": "Name the organ that makes bile."}] * 20, adapter=dspy.JSONAdapter())
    examples = [example(explanation="Bile comes from hepatocytes.")] * 2
    optimizer = dspy.GEPA(
        metric=exact_match, reflection_lm=reflection, max_metric_calls=8, num_threads=1, reflection_minibatch_size=2
    )
    with dspy.context(lm=DummyLM([{"answer": "A"}] * 4 + [{"answer": "B"}] * 20)):
        compiled = optimizer.compile(dspy.Predict(QA), trainset=examples, valset=examples)
    prompts = [str(call["messages"]) for call in reflection.history]
    assert any("B) Liver" in prompt and "hepatocytes" in prompt for prompt in prompts)
    assert "Name the organ that makes bile." in compiled.signature.instructions
