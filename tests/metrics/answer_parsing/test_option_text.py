"""Answers that name an option by its text."""

from collections.abc import Callable

import pytest

Parse = Callable[..., str | None]
YES_NO_MAYBE = {"A": "yes", "B": "no", "C": "maybe"}
GERMS = {"A": "Escherichia coli infection", "B": "E. coli", "C": "Clostridium difficile", "D": "None of the above"}
DOSES = {"A": "5", "B": "50", "C": "0.5", "D": "5 mg"}
NESTED = {"A": "Ceftriaxone", "B": "Ceftriaxone and vancomycin", "C": "A third drug", "D": "Rifampin"}
EQUAL_TEXTS = {"A": "7.1", "B": "7.1", "C": "7.12"}


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
def test_parse_answer_whole_text_of_one_option(letter: Parse, completion: str) -> None:
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
def test_parse_answer_mentioned_text_is_no_answer(letter: Parse, completion: str) -> None:
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
def test_parse_answer_yes_no_maybe(letter: Parse, completion: str, expected: str | None) -> None:
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
def test_parse_answer_abbreviated_genus_is_no_letter(letter: Parse, completion: str, expected: str | None) -> None:
    assert letter(completion, GERMS) == expected


@pytest.mark.parametrize(
    ("completion", "expected"),
    [("Answer: 50", "B"), ("Answer: 0.5", "C"), ("The answer is 5.", "A"), ("5 mg", "D"), ("5 ml", None), ("5%", None)],
)
def test_parse_answer_compares_whole_numbers(letter: Parse, completion: str, expected: str | None) -> None:
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
def test_parse_answer_longest_matching_option_wins(letter: Parse, completion: str, expected: str | None) -> None:
    assert letter(completion, NESTED) == expected


def test_parse_answer_text_of_two_options_names_neither(letter: Parse) -> None:
    assert letter("Answer: 7.1", EQUAL_TEXTS) is None
    assert letter("Answer: 7.12", EQUAL_TEXTS) == "C"
    assert letter("Answer: B. 7.1", EQUAL_TEXTS) == "B"


@pytest.mark.parametrize(
    "completion",
    ["C. Aspirin", "Answer: C) Aspirin", "The answer is C (Aspirin).", "Aspirin (C)", r"\boxed{C. Aspirin}"],
)
def test_parse_answer_letter_with_other_text_is_conflict(letter: Parse, completion: str) -> None:
    assert letter(completion) is None


def test_parse_answer_unknown_text_keeps_the_letter(letter: Parse) -> None:
    assert letter("Answer: C. Coumadin") == "C"
    assert letter("Answer: C. The patient needs a pill.") == "C"
