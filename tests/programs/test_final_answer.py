import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmedlm.programs.final_answer import split_closing

REASONING = "Bile is made by hepatocytes, which rules out (B) and option C."
OPTIONS = {"A": "Greenstick fracture", "B": "Spiral fracture", "C": "Fracture", "D": "Oblique (slanted) fracture"}


@pytest.mark.parametrize(
    "closing",
    [
        "So the answer is (D).",
        "Therefore, the answer is D.",
        "Thus the correct answer is D",
        "Hence, the final answer is: (D).",
        "The answer is **D**.",
        "The answer is option D.",
        "So the answer should be (D).",
        "Answer: D",
        "answer: (d)",
        "Answer - D",
        "**Answer: D**",
        "**Answer**: D",
        "**Answer Choice:** D",
        "### Final Answer\nD",
        "Final answer: [D]",
        "\n\nThe answer is D)\n",
        "The best answer is D.",
        "My answer is D.",
        "Thus, the most likely answer is (D).",
        "The most appropriate answer is D.",
        "The correct option is D.",
        "Based on this analysis, the correct answer is D.",
        "Given the above information, we can conclude that the correct answer is D.",
    ],
)
def test_closing_with_a_letter_is_removed(closing: str) -> None:
    assert split_closing(f"{REASONING} {closing}") == (REASONING, "D")


@pytest.mark.parametrize(
    "text",
    [
        REASONING,
        "The answer is A if it were the kidney, but it is not, so it must be the liver.",
        "It is a vitamin, and the answer is vitamin K",
        "Hepatitis B is answered by the presence of antibodies to antigen E",
        "Answer: A or B",
        "Answer: AB",
        "Based on this analysis, the correct answer is:",
        "",
    ],
)
def test_reasoning_without_a_closing_is_unchanged(text: str) -> None:
    assert split_closing(text) == (text, None)


@pytest.mark.parametrize(
    "box",
    [
        "\\boxed{B}",
        "$\\boxed{B}$.",
        "The answer is $\\boxed{B}$",
        "The answer is \\boxed{\\text{B}}.",
        "**Final Answer**\n\n\\[ \\boxed{\\text{B}} \\]",
        "\\boxed{\\text{B. Spiral fracture}}",
    ],
)
def test_boxed_letter_is_a_closing(box: str) -> None:
    assert split_closing(f"It was twisted.\n\n{box}", OPTIONS) == ("It was twisted.", "B")


@pytest.mark.parametrize(
    "closing",
    [
        "Therefore, the correct answer is B. Spiral fracture.",
        "So the answer is **B. Spiral fracture**.",
        "The answer is: **B. Spiral fracture**",
        "The correct answer is:\n\n**B**: *spiral fracture*",
        "The correct answer is: B) spiral  fracture",
        "Answer: B - Spiral fracture",
        "Answer: B (spiral fracture)",
        "Final answer: (B) Spiral fracture",
        "The correct option is B, spiral fracture.",
    ],
)
def test_closing_with_its_option_text_is_removed(closing: str) -> None:
    assert split_closing(f"It was twisted. {closing}", OPTIONS) == ("It was twisted.", "B")


@pytest.mark.parametrize(
    "text",
    [
        "Therefore, the correct answer is B. Greenstick fracture.",
        "Therefore, the correct answer is B. Spiral fracture of the tibia.",
        "It may be a spiral fracture.",
        "Option C. Fracture",
        "Answer: X. Spiral fracture",
    ],
)
def test_closing_with_another_option_text_is_kept(text: str) -> None:
    assert split_closing(text, OPTIONS) == (text, None)


def test_option_text_inside_another_is_not_matched() -> None:
    assert split_closing("Slow. The answer is D. Oblique (slanted) fracture.", OPTIONS) == ("Slow.", "D")
    assert split_closing("Slow. The answer is C. Fracture", OPTIONS) == ("Slow.", "C")


def test_only_the_last_sentence_is_removed() -> None:
    text = "One might say that the answer is A. It is not.\nAnswer: D"
    assert split_closing(text) == ("One might say that the answer is A. It is not.", "D")


def test_repeated_closing_is_removed_twice() -> None:
    text = "It was twisted. So the answer is B.\n\nThe correct answer is B. Spiral fracture.\n\n**Answer: B**"
    assert split_closing(text, OPTIONS) == ("It was twisted.", "B")
    assert split_closing("The answer is B.\n\nAnswer: B") == ("", "B")


def test_earlier_closing_on_another_letter_is_kept() -> None:
    assert split_closing("So the answer is A.\nAnswer: B") == ("So the answer is A.", "B")


def test_markup_of_the_reasoning_is_kept() -> None:
    assert split_closing("It is **bile**\n\n**Answer: D**") == ("It is **bile**", "D")


@settings(deadline=None)
@given(st.text(max_size=200), st.sampled_from("ABCDEFGHIJ"))
def test_text_before_the_closing_is_kept(text: str, letter: str) -> None:
    reasoning = f"{text}.".strip()
    assert split_closing(f"{reasoning}\n\nAnswer: {letter}") == (reasoning, letter)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["It twists.", "The answer is B.", "Answer: B. Spiral fracture", "**Answer: A**", "\n"]))
)
def test_split_text_has_no_second_closing_of_the_letter(parts: list[str]) -> None:
    reasoning, letter = split_closing(" ".join(parts), OPTIONS)
    assert letter is None or split_closing(reasoning, OPTIONS)[1] != letter


@pytest.mark.parametrize(
    "runaway",
    [" " * 5000 + "x", "\n" * 5000 + "x", "answer is" + "\n" * 1000 + "1", "*" * 5000, "based on " * 1000],
)
def test_split_of_a_runaway_completion_is_fast(runaway: str) -> None:
    started = time.process_time()
    split_closing(runaway)
    assert time.process_time() - started < 0.5


def test_split_with_long_options_is_fast() -> None:
    options = {letter: "a very " * 300 + letter for letter in "ABCDEFGHIJ"}
    started = time.process_time()
    split_closing("B. a very " * 3000, options)
    assert time.process_time() - started < 0.5
