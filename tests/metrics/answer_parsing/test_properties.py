"""Properties of the parser that hold for any completion."""

import time
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmedlm.metrics.answer_parsing import parse_answer
from openmedlm.metrics.answer_parsing.explicit import _last_declared, explicit_cue
from openmedlm.metrics.answer_parsing.options import OptionTexts

LETTERS = "ABCD"
TEXTS = ("aspirin", "Oral warfarin", "warfarin", "none of the above")
PHRASES = (
    "the answer is", "Answer:", "final answer:", "so", "Therefore,", "not", "is", "are", "and", "or", "but", "(",
    ")", ".", ",", ":", ";", "\n", "\n\n", "**", "{\"answer\": \"", "\"", "\"}", "\\boxed{", "}", "option",
    "Option", "is correct", "is the correct answer", "is incorrect", "because", "I think", "most likely",
    "The best drug is", "if", "a large", "the", "<think>", "</think>", "Question:", "none of the above", "I cannot",
    "wait,", "both", "B12", "45-year-old", "- ", "…", "(option",
)  # fmt: skip

labels = st.integers(0, 3).map(lambda n: ("letter", n))
names = st.integers(0, 3).map(lambda n: ("text", n))
phrases = st.sampled_from(PHRASES).map(lambda phrase: ("phrase", phrase))
pieces = st.lists(st.tuples(st.one_of(phrases, phrases, labels, names), st.sampled_from([" ", " ", ""])), max_size=14)


def render(parts: list[tuple[tuple[str, int | str], str]], lettering: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """Return the text and the options, if option n has the letter `lettering[n]`."""
    words = []
    for (kind, value), space in parts:
        word = value if isinstance(value, str) else lettering[value] if kind == "letter" else TEXTS[value]
        words.append(word + space)
    return "".join(words), dict(sorted(zip(lettering, TEXTS, strict=True)))


@settings(max_examples=600, deadline=None)
@given(pieces, st.sampled_from(list(permutations(LETTERS))))
def test_parse_answer_renamed_letters_rename_the_answer(
    parts: list[tuple[tuple[str, int | str], str]], lettering: tuple[str, ...]
) -> None:
    # A letter joined to the next word, as in "Aspirin" or "A45", becomes another word if it is renamed.
    parts = [(piece, " " if piece[0] == "letter" and space == "" else space) for piece, space in parts]
    plain = parse_answer(*render(parts, tuple(LETTERS)))
    renamed = parse_answer(*render(parts, lettering))
    expected = None if plain.letter is None else lettering[LETTERS.index(plain.letter)]
    assert (renamed.letter, renamed.rule) == (expected, plain.rule)


@settings(max_examples=300, deadline=None)
@given(pieces, st.text(" \t\n\r", max_size=5), st.text(" \t\n\r", max_size=5))
def test_parse_answer_ignores_surrounding_white_space(
    parts: list[tuple[tuple[str, int | str], str]], before: str, after: str
) -> None:
    text, options = render(parts, tuple(LETTERS))
    assert parse_answer(before + text + after, options) == parse_answer(text, options)


@pytest.mark.parametrize("mark", ["**", "*", "__", "`", "***"])
@pytest.mark.parametrize(
    "shape", ["{}", "Answer: {}", "The answer is {}.", "{}\nWhy: it is oral.", "So the best option is {}", "({})"]
)
def test_parse_answer_ignores_markup(shape: str, mark: str) -> None:
    options = dict(zip(LETTERS, TEXTS, strict=True))
    for answer in ("C", "C. warfarin", "warfarin"):
        marked = parse_answer(shape.format(f"{mark}{answer}{mark}"), options)
        assert marked == parse_answer(shape.format(answer), options)
        assert marked.letter == "C"


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300), st.dictionaries(st.sampled_from("ABCDEFGHIJ"), st.text(max_size=20), min_size=2))
def test_parse_answer_any_text_gives_an_option_or_none(completion: str, options: dict[str, str]) -> None:
    parsed = parse_answer(completion, options)
    assert parsed.letter is None or parsed.letter in options
    assert parsed.rule


UNITS = (
    "a", " ", "\n\n", "\\", "\\text{", "(", "**", "_", "\"", "A ", "A) ", "1) ", "B. x\n", "A, B and ", "is:\n",
    "é", "$", "if ", "answer ", "answer: ", "the answer to ", "the best option for it is ", "\"answer\": \"",
    "option A is ", "I would ", "Therefore best (A) ", "the best drug is aspirin. ", "<think>", "</think>",
    "n't say ", "\u200b", "答案", "正解は", "A、", "A no es ", "la respuesta ", "A is not ", "not A, but ",
    "the wrong answer ",
    "would be A if ", "Option A:\n", "- 2 ", "1,000", "(95%", "~~a",
)  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_parse_answer_megabyte_takes_less_than_a_second(unit: str) -> None:
    completion = unit * (1_000_000 // len(unit))
    start = time.process_time()
    parse_answer(completion, dict(zip(LETTERS, TEXTS, strict=True)))
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize("filler", ["The patient is well. ", "x" * 100 + "\n"])
def test_parse_answer_finds_answer_at_either_end(filler: str) -> None:
    long = filler * (1_000_000 // len(filler))
    assert parse_answer(f"{long}\nThe answer is C.").letter == "C"
    assert parse_answer(f"The answer is C.\n{long}").letter == "C"


@settings(max_examples=300, deadline=None)
@given(pieces)
def test_parse_answer_unmentioned_option_changes_nothing(parts: list[tuple[tuple[str, int | str], str]]) -> None:
    text, options = render(parts, tuple(LETTERS))
    assert parse_answer(text, {**options, "E": "phlebotomy"}) == parse_answer(text, options)


@settings(max_examples=600, deadline=None)
@given(st.lists(pieces, min_size=2, max_size=4))
def test_explicit_cue_equals_search_of_the_whole_text(
    paragraphs: list[list[tuple[tuple[str, int | str], str]]],
) -> None:
    text = "\n\n".join(render(parts, tuple(LETTERS))[0] for parts in paragraphs)
    choices = OptionTexts.of(dict(zip(LETTERS, TEXTS, strict=True)), None)
    assert explicit_cue(text, choices) == _last_declared(text, 0, choices)
