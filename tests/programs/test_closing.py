import time

import pytest

from programs.closing import split_closing

OPTIONS = {"A": "Greenstick fracture", "B": "Spiral fracture", "C": "Fracture", "D": "Oblique (slanted) fracture"}


@pytest.mark.parametrize(
    "closing",
    [
        "Therefore, the correct answer is B. Spiral fracture.",
        "So the answer is **B. Spiral fracture**.",
        "The correct answer is: B) spiral  fracture",
        "Answer: B - Spiral fracture",
        "Final answer: (B) Spiral fracture",
        "The answer is $\\boxed{B}$",
        "The answer is \\boxed{\\text{B}}.",
    ],
)
def test_a_closing_may_say_its_option_too(closing: str) -> None:
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
def test_a_closing_with_another_options_text_is_none(text: str) -> None:
    assert split_closing(text, OPTIONS) == (text, None)


def test_an_option_within_another_is_not_taken_for_it() -> None:
    assert split_closing("Slow. The answer is D. Oblique (slanted) fracture.", OPTIONS) == ("Slow.", "D")
    assert split_closing("Slow. The answer is C. Fracture", OPTIONS) == ("Slow.", "C")


def test_a_long_text_with_long_options_is_split_at_once() -> None:
    options = {letter: "a very " * 300 + letter for letter in "ABCDEFGHIJ"}
    started = time.process_time()
    split_closing("B. a very " * 3000, options)
    assert time.process_time() - started < 0.5
