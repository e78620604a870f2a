"""Characters that readers do not see, and characters of other keyboards."""

import sys
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.metrics.answer_parsing import parse_answer
from openmedlm.metrics.answer_parsing.characters import normalise

Parse = Callable[..., str | None]
DRUGS = {"A": "Aspirin", "B": "Heparin", "C": "Warfarin", "D": "Alteplase"}
FILLERS = "\u034f\u115f\u1160\u3164\uffa0\ufe0f\ufe00\U000e0100\U000e0041\U000e007f\ufffd\ufffc"
INVISIBLE = FILLERS + "".join(
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(character) in ("Cf", "Cc") and character not in "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85"
)
VISIBLE_SHAPES = (
    "C",
    "(C)",
    "**C**",
    "Answer: C",
    "The answer is C.",
    '{"answer": "C"}',
    r"\boxed{C}",
    "Warfarin",
    "C. Warfarin",
)


@pytest.mark.parametrize(
    "completion",
    [
        "\u200bC",
        "C\u200b",
        "\ufeffC",
        "\ufeff\ufeff(C)",
        "C\x00",
        "\x00C\x00\x00",
        "\u202bC\u202c",
        "\u2066C\u2069",
        "\u200eC\u200f",
        "\u061cC",
        "C\u2060",
        "C\xad",
        "C\ufe0f",
        "\u3164C\u3164",
        "\U000e0043C\U000e007f",
        "Answer:\u200bC",
        "Answer\u200b:\u200b \u200bC\u200b.",
        "The answer is\u2060 C",
        "The answer is\u200bC",
        "The answer is \u2068C\u2069.",
        "The answer\u00adis C".replace("\xad", " \xad"),
        "\x1b[1mC\x1b[0m",
        "The answer is \x1b[32mC\x1b[0m.",
        '{"answer":\u200b"C\u200b"}',
        "\\boxed{\u200bC}",
        "*\u200b*C*\u200b*",
        "War\xadfa\u200brin",
        "Answer: \u200bWarfarin\u200b",
        "First,\x0bby mouth.\u2028\u2028The answer is C.",
        "By mouth.\x85C",
        "C&nbsp;",
        "Answer:&nbsp;C",
        "\u00a0C\u00a0",
        "\u2003C",
        "\u3000Ｃ",
        "Ｃ．",
        "（Ｃ）",
        "［Ｃ］",
        "𝐂",
        "𝖢.",
        "Answer: 𝑪",
        "C\udc80",
    ],
)
def test_parse_answer_ignores_invisible_characters(letter: Parse, completion: str) -> None:
    assert letter(completion) == "C"


@given(st.sampled_from(VISIBLE_SHAPES), st.lists(st.tuples(st.integers(0, 20), st.sampled_from(INVISIBLE)), max_size=6))
def test_parse_answer_invisible_characters_anywhere(shape: str, inserted: list[tuple[int, str]]) -> None:
    text = shape
    for at, character in inserted:
        text = text[:at] + character + text[at:]
    assert parse_answer(text, DRUGS) == parse_answer(shape, DRUGS)


@pytest.mark.parametrize("count", [1, 20_000, 100_000])
def test_parse_answer_many_invisible_characters(count: int) -> None:
    assert parse_answer("\u200b" * count + "C").letter == "C"
    assert parse_answer("C" + "\u200b" * count).letter == "C"


def test_normalise_removes_every_invisible_character() -> None:
    assert normalise("".join(INVISIBLE)) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [("10⁻³", "10^-3"), ("10²", "10^2"), ("m²", "m2"), ("1½", "1 1⁄2"), ("【答】「C」", '[答]"C"'), ("C、药", "C. 药")],
)
def test_normalise_keeps_the_meaning(text: str, expected: str) -> None:
    assert normalise(text).replace("\u2212", "-") == expected


@pytest.mark.parametrize("character", ["\n", "\t", "\r", " ", "é", "药", "±", "→"])
def test_normalise_keeps_visible_characters(character: str) -> None:
    assert normalise(f"a{character}b") == f"a{character}b"
