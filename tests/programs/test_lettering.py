import string
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import Question
from programs.lettering import letter_references, moved, order_is_free

OPTIONS = {"A": "Vitamin A", "B": "Renin", "C": "Protein C", "D": "Escherichia coli"}


def question(options: Mapping[str, str] = OPTIONS, stem: str = "What lets hepatitis B cells grow?") -> Question:
    return Question("q", "invented", "pool", stem, options, "B")


def marked(text: str) -> tuple[str, tuple[int, ...]]:
    """The text without its marks, and the offsets of the letters that were marked, as in `[B]`."""
    plain, offsets = "", []
    for before in text.split("["):
        if "]" in before:
            offsets.append(len(plain))
            before = before.replace("]", "", 1)
        plain += before
    return plain, tuple(offsets)


@pytest.mark.parametrize(
    "text",
    [
        "It is option [B].",
        "Option [B] is right, and options [A] and [C] are not.",
        "We can eliminate options [A], [C], and [D].",
        "Choice ([B]) says so; choice [D] does not.",
        "Option '[C]' is another matter.",
        "[A]. Vitamin A: stored in the liver.\n[B]. Renin: an enzyme.\n\n**[C].** Protein C is not.",
        "- [D]) Escherichia coli",
        "1. **[A]. Vitamin A**: no.\n2. **[B]. Renin**: yes.",
        "The correct answer is [B]. Renin is made in the kidney.",
        "So the answer is **[B]**.",
        "Answer-[B]. It is an enzyme.",
        "Ans: [B]. It is an enzyme.",
        "[A] is incorrect because it is a vitamin. Hence [B] is right, and both [C] and [D] are wrong.",
        "A 45-year-old man is bled. A patient may bleed.\nA low pressure does it, so option [B].",
        "Vitamin A, hepatitis B and B cells have no part; group A streptococcus and E. coli neither.",
        "Anti-D, C-peptide, type C, B-cell growth and apo B-100 are names.",
        "Uracil (U) stands for T, and both U and T are bases.",
        "The pressure falls, the kidney answers, and volume is kept.",
        "Renin ([B]) is an enzyme.",
    ],
)
def test_letters_that_name_options_are_found_and_no_others(text: str) -> None:
    plain, offsets = marked(text)
    assert letter_references(plain, question()) == offsets


@pytest.mark.parametrize(
    "text",
    [
        "The first option is right.",
        "The last two options are wrong.",
        "It is option 2.",
        "It is option b.",
        "Answer: (b)",
        "(a) is wrong.",
        "'c' is right.",
        "Option F is right.",
        "What B does is unclear.",
        "It is a hormone, see A.",
        "The antigens (A, B and C) are found on cells.",
        "The answer is D. coli are everywhere.",
    ],
)
def test_where_it_cannot_be_told_nothing_is_moved(text: str) -> None:
    assert letter_references(text, question()) is None


@pytest.mark.parametrize(
    "option",
    [
        "All of the above",
        "None of the above.",
        "Both A and B",
        "A and C",
        "Both",
        "a, b",
        "bcd",
        "Any of these",
        "Options 1",
    ],
)
def test_options_that_speak_of_others_keep_their_places(option: str) -> None:
    assert not order_is_free(question(OPTIONS | {"D": option}))


@pytest.mark.parametrize(
    "option", ["None", "Vitamin C", "Hepatitis B", "E. coli", "Renin and albumin", "1 and 2", "abdomen"]
)
def test_options_that_stand_alone_may_move(option: str) -> None:
    assert order_is_free(question(OPTIONS | {"D": option}))


@given(st.text(), st.data())
def test_moving_there_and_back_gives_the_same_text(text: str, data: st.DataObject) -> None:
    text = text + " Option A, not option B: A is wrong."
    references = tuple(n for n, character in enumerate(text) if character in "ABCD")
    order = data.draw(st.permutations("ABCD"))
    there = dict(zip("ABCD", order, strict=True))
    back = {shown: own for own, shown in there.items()}
    again = moved(text, references, there)
    assert len(again) == len(text)
    assert moved(again, references, back) == text


@given(st.permutations("ABCD"))
def test_a_moved_text_has_its_references_in_the_same_places(order: list[str]) -> None:
    text = "Options A and C are wrong.\nB. Renin: it fits.\n\nThe correct answer is B."
    found = letter_references(text, question())
    assert found
    mapping = dict(zip("ABCD", order, strict=True))
    shown = {mapping[letter]: option for letter, option in OPTIONS.items()}
    options = {letter: shown[letter] for letter in "ABCD"}
    assert letter_references(moved(text, found, mapping), question(options)) == found


@given(
    st.text(
        st.characters(codec="utf-8", exclude_characters=string.ascii_uppercase + string.digits + "'\"‘“(."), max_size=80
    )
)
def test_a_text_without_capital_letters_and_marks_names_none(text: str) -> None:
    if any(word in text.casefold() for word in ("option", "choice", "answer", "ans", "alternative", "letter")):
        return
    if any(f"{letter})" in text or f"{letter}:" in text for letter in string.ascii_lowercase):
        return
    assert letter_references(text, question()) == ()
