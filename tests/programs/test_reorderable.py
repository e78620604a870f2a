import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.data import Question
from openmedlm.programs.reorderable import can_reorder_options, relabel


def asked(option: str) -> Question:
    """A question with this option last."""
    options = {"A": "Vitamin A", "B": "Renin", "C": "Protein C", "D": option}
    return Question("q", "invented", "pool", "What lets hepatitis B cells grow?", options, "A")


@pytest.mark.parametrize(
    "option",
    [
        "All of the above",
        "None of the above.",
        "Both A and B",
        "A and C",
        "Both",
        "Either AB",
        "a, b",
        "a,b,d,f",
        "bcd",
        "b,c true a,d false",
        "A - True, B - False",
        "Any of these",
        "Options 1",
        "Answers 1 and 2",
        "It is warmer than the others.",
        "d) Renin",
        "D. Renin",
    ],
)
def test_options_that_speak_of_others_or_letters_keep_their_places(option: str) -> None:
    assert not can_reorder_options(asked(option))


@pytest.mark.parametrize(
    "option",
    ["None", "Vitamin C", "Hepatitis B", "E. coli", "Renin and albumin", "1 and 2", "I only", "abdomen", "It is true"],
)
def test_options_that_stand_alone_may_move(option: str) -> None:
    assert can_reorder_options(asked(option))


@pytest.mark.parametrize(
    "option",
    [
        "A and C are correct",
        "a & c are true",
        "Neither A nor B",
        "A but not B",
        "A plus B",
        "C alone",
        "Same as A",
        "Answer A",
        "All except A",
        "None of A, B, C",
        "The first two",
        "The first and third",
        "All the others",
    ],
)
def test_options_that_name_others_keep_their_places(option: str) -> None:
    assert not can_reorder_options(asked(option))


@given(st.text(), st.data())
def test_moving_there_and_back_gives_the_same_text(text: str, data: st.DataObject) -> None:
    text = text + " Option A, not option B: A is wrong."
    references = tuple(n for n, character in enumerate(text) if character in "ABCD")
    order = data.draw(st.permutations("ABCD"))
    there = dict(zip("ABCD", order, strict=True))
    back = {shown: own for own, shown in there.items()}
    again = relabel(text, references, there)
    assert len(again) == len(text)
    assert relabel(again, references, back) == text
