import math
import string
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmedlm.data import Question
from openmedlm.programs.option_order import (
    can_reorder_options,
    derive_seed,
    option_orders,
    relabel,
    reorder,
    unshuffle_letter,
)

numbers_of_options = st.integers(2, 10)


def numbered(count: int, answer: int = 0) -> Question:
    letters = string.ascii_uppercase[:count]
    return Question("q", "invented", "dev", "Stem?", {letter: f"text {letter}" for letter in letters}, letters[answer])


@pytest.mark.parametrize(
    ("parts", "seed"), [((0,), 804681139), ((7, "q1", 2), 858217400), ((11, "Welches Organ?", 0, 1), 215941813)]
)
def test_seed_matches_known_values(parts: tuple[object, ...], seed: int) -> None:
    """Known values: the first 31 bits of the sha256 over the parts, joined by a unit separator."""
    assert derive_seed(*parts) == seed


@settings(deadline=None)
@given(st.lists(st.integers() | st.text(), min_size=1, max_size=4))
def test_seed_has_31_bits(parts: list[object]) -> None:
    assert 0 <= derive_seed(*parts) < 2**31


def test_seeds_of_different_parts_differ() -> None:
    seeds = {derive_seed(seed, stem, vote) for seed in range(10) for stem in ("a", "b") for vote in range(50)}
    assert len(seeds) == 1000


def test_orders_match_known_values() -> None:
    assert option_orders("ABCD", 5, seed=1) == ["ABCD", "DBCA", "DABC", "BACD", "CDBA"]


@settings(deadline=None)
@given(st.integers(2, 5), st.integers(1, 130), st.integers(0, 2**31 - 1))
def test_orders_repeat_only_after_all_were_used(options: int, count: int, seed: int) -> None:
    own = string.ascii_uppercase[:options]
    orders = option_orders(own, count, seed)
    every = math.factorial(options)
    assert len(orders) == count
    assert orders[0] == own
    assert all(sorted(order) == list(own) for order in orders)
    for start in range(0, count, every):
        round_of = orders[start : start + every]
        assert len(set(round_of)) == len(round_of)
        assert round_of == orders[: len(round_of)]


def test_seventh_order_of_three_options_is_the_first() -> None:
    orders = option_orders("ABC", 7, seed=3)
    assert len(set(orders[:6])) == 6
    assert orders[6] == orders[0] == "ABC"


def test_other_seeds_draw_other_orders() -> None:
    assert len({tuple(option_orders("ABCD", 5, seed)) for seed in range(20)}) > 15


@settings(deadline=None)
@given(st.data(), numbers_of_options)
def test_unshuffle_undoes_reorder(data: st.DataObject, count: int) -> None:
    question = numbered(count, data.draw(st.integers(0, count - 1)))
    order = "".join(data.draw(st.permutations(list(question.options))))
    shown = reorder(question, order)
    assert list(shown.options) == list(question.options)
    for letter, text in shown.options.items():
        assert question.options[unshuffle_letter(letter, list(question.options), order)] == text
    assert unshuffle_letter(shown.answer, list(question.options), order) == question.answer
    assert shown.options[shown.answer] == question.options[question.answer]


def test_order_names_the_option_of_each_letter() -> None:
    shown = reorder(numbered(4, answer=2), "CABD")
    assert shown.options == {"A": "text C", "B": "text A", "C": "text B", "D": "text D"}
    assert shown.answer == "A"
    assert unshuffle_letter("A", "ABCD", "CABD") == "C"


def test_own_order_returns_the_same_question(make_question: Callable[..., Question]) -> None:
    question = make_question(1, context=("One.",), subject="anatomy", explanation="Because.")
    assert reorder(question, "ABCD") is question
    assert reorder(reorder(question, "CABD"), "BCAD") == question


def with_last_option(option: str) -> Question:
    """Return a question with this option last."""
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
def test_options_that_mention_others_keep_the_order(option: str) -> None:
    assert not can_reorder_options(with_last_option(option))


@pytest.mark.parametrize(
    "option",
    ["None", "Vitamin C", "Hepatitis B", "E. coli", "Renin and albumin", "1 and 2", "I only", "abdomen", "It is true"],
)
def test_independent_options_can_be_reordered(option: str) -> None:
    assert can_reorder_options(with_last_option(option))


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
def test_options_that_name_letters_keep_the_order(option: str) -> None:
    assert not can_reorder_options(with_last_option(option))


@given(st.text(), st.data())
def test_relabel_and_back_gives_the_same_text(text: str, data: st.DataObject) -> None:
    text = text + " Option A, not option B: A is wrong."
    references = tuple(n for n, character in enumerate(text) if character in "ABCD")
    order = data.draw(st.permutations("ABCD"))
    there = dict(zip("ABCD", order, strict=True))
    back = {shown: own for own, shown in there.items()}
    again = relabel(text, references, there)
    assert len(again) == len(text)
    assert relabel(again, references, back) == text
