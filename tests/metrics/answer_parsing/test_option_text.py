"""Answers that name an option by its text."""

from collections.abc import Callable

import pytest

Read = Callable[..., str | None]
YES_NO_MAYBE = {"A": "yes", "B": "no", "C": "maybe"}
GERMS = {"A": "Escherichia coli infection", "B": "E. coli", "C": "Clostridium difficile", "D": "None of the above"}
DOSES = {"A": "5", "B": "50", "C": "0.5", "D": "5 mg"}
NESTED = {"A": "Ceftriaxone", "B": "Ceftriaxone and vancomycin", "C": "A third drug", "D": "Rifampin"}
TWINS = {"A": "7.1", "B": "7.1", "C": "7.12"}


@pytest.mark.parametrize(
    "completion",
    [
        "Warfarin",
        "warfarin.",
        "**Warfarin**",
        "The answer is warfarin.",
        "Answer: Warfarin (Coumadin)",
        "Answer: warfarin, because it is oral",
        "The answer is Warfarin (C).",
        "The best treatment is warfarin.",
        "Heparin would be given by vein. Therefore, the most appropriate drug is warfarin, which is oral.",
        "The most appropriate drug is warfarin, which is oral. It needs monitoring. The dose is found by trial.",
        "He needs a pill. Thus warfarin is the most appropriate drug.",
    ],
)
def test_one_options_whole_text(letter: Read, completion: str) -> None:
    assert letter(completion) == "C"


@pytest.mark.parametrize(
    "completion",
    [
        "Aspirin or heparin",
        "Answer: warfarin sodium",
        "Warfarin is given by mouth and heparin by vein.",
        "Therefore, warfarin is not the best drug.",
        "The most likely culprit is warfarin, but heparin could be",
        "The patient takes warfarin",
        "He was treated with heparin.",
        "The most likely finding in a patient treated with heparin is a low platelet count.",
    ],
)
def test_a_text_that_is_merely_mentioned_is_no_answer(letter: Read, completion: str) -> None:
    assert letter(completion) is None


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("Yes", "A"),
        ("No.", "B"),
        ("**Maybe**", "C"),
        ("Yes, the study shows an effect.", "A"),
        ("No, there was no association.", "B"),
        ("Maybe. It depends.", "C"),
        ("The answer is yes, because there was no harm.", "A"),
        ("The answer to the research question is 'maybe'.", "C"),
        ("Answer: (B) no", "B"),
        ("Answer: Maybe - the data are mixed", "C"),
        ("Harm was rare. Therefore, yes.", "A"),
        ("There is no evidence of benefit.", None),
        ("no evidence", None),
        ("Yes and no", None),
        ("No conclusion can be drawn.", None),
        ("Therefore, there is no association.", None),
    ],
)
def test_yes_no_and_maybe_in_prose(letter: Read, completion: str, expected: str | None) -> None:
    assert letter(completion, YES_NO_MAYBE) == expected


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("Answer: E. coli", "B"),
        ("The answer is E. coli.", "B"),
        ("Answer: C. difficile", None),
        ("C. difficile", None),
        ("The answer is none of the above", "D"),
        ("None of the above", "D"),
    ],
)
def test_a_genus_is_no_letter_and_none_of_the_above_may_be_an_option(
    letter: Read, completion: str, expected: str | None
) -> None:
    assert letter(completion, GERMS) == expected


@pytest.mark.parametrize(
    ("completion", "expected"),
    [("Answer: 50", "B"), ("Answer: 0.5", "C"), ("The answer is 5.", "A"), ("5 mg", "D"), ("5 ml", None), ("5%", None)],
)
def test_numbers_are_compared_whole(letter: Read, completion: str, expected: str | None) -> None:
    assert letter(completion, DOSES) == expected


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("Answer: Ceftriaxone and vancomycin", "B"),
        ("Answer: ceftriaxone", "A"),
        ("A third drug", "C"),
        ("Answer: a third drug", "C"),
        ("Answer: ceftriaxone and rifampin", None),
    ],
)
def test_the_longest_option_that_fits_is_meant(letter: Read, completion: str, expected: str | None) -> None:
    assert letter(completion, NESTED) == expected


def test_a_text_that_two_options_share_names_neither(letter: Read) -> None:
    assert letter("Answer: 7.1", TWINS) is None
    assert letter("Answer: 7.12", TWINS) == "C"
    assert letter("Answer: B. 7.1", TWINS) == "B"


@pytest.mark.parametrize(
    "completion",
    ["C. Aspirin", "Answer: C) Aspirin", "The answer is C (Aspirin).", "Aspirin (C)", r"\boxed{C. Aspirin}"],
)
def test_a_letter_beside_another_options_text_is_a_conflict(letter: Read, completion: str) -> None:
    assert letter(completion) is None


def test_a_text_that_is_no_options_leaves_the_letter(letter: Read) -> None:
    assert letter("Answer: C. Coumadin") == "C"
    assert letter("Answer: C. The patient needs a pill.") == "C"
