from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmedlm.metrics.voting import decided, majority, votes_needed

VOTES = st.lists(st.sampled_from(["A", "B", "C", "D", None]), max_size=30)


@pytest.mark.parametrize(
    ("letters", "letter", "share"),
    [
        (["A", "A", "A", "B"], "A", 0.75),
        (["B", "A"], "B", 0.5),
        (["B", "A", "A", "B"], "B", 0.5),
        ([None, "C", None], "C", 1.0),
        (["A", "B", "C", "C"], "C", 0.5),
        ([None, None], None, 0.0),
        ([], None, 0.0),
    ],
)
def test_majority_ties_go_to_the_letter_that_came_first(
    letters: list[str | None], letter: str | None, share: float
) -> None:
    result = majority(letters)
    assert (result.letter, result.share) == (letter, share)


def test_majority_counts_are_in_order_of_first_appearance() -> None:
    assert list(majority([None, "C", "A", "C", "B"]).counts.items()) == [("C", 2), ("A", 1), ("B", 1)]


@settings(deadline=None)
@given(VOTES)
def test_majority_ignores_unparsed_samples(letters: list[str | None]) -> None:
    assert majority(letters) == majority([letter for letter in letters if letter is not None])


@pytest.mark.parametrize("size", range(8))
def test_decided_equals_check_of_all_continuations(size: int) -> None:
    for so_far in product("ABC_", repeat=size):
        letters_so_far = [None if letter == "_" else letter for letter in so_far]
        for to_come in range(7 - size):
            continuations = product([*"ABCD", None], repeat=to_come)
            letters = {majority([*letters_so_far, *rest]).letter for rest in continuations}
            expected = letters == {majority(letters_so_far).letter}
            assert decided(letters_so_far, to_come) == expected, (letters_so_far, to_come)


@settings(deadline=None)
@given(VOTES, st.integers(0, 30))
def test_decided_is_monotonic(letters: list[str | None], to_come: int) -> None:
    total = len(letters) + to_come
    settled = [decided(letters[:count], total - count) for count in range(len(letters) + 1)]
    assert settled == sorted(settled)
    stop = settled.index(True) if True in settled else len(letters)
    if to_come == 0:
        assert majority(letters[:stop]).letter == majority(letters).letter


def test_decided_negative_votes_to_come_are_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        decided(["A"], -1)


@given(st.lists(st.sampled_from(["A", "B", "C", None]), min_size=1, max_size=21))
def test_votes_needed_is_the_first_decided_count(letters: list[str | None]) -> None:
    votes = len(letters)
    needed = votes_needed(letters, votes)
    assert decided(letters[:needed], votes - needed)
    assert not any(decided(letters[:fewer], votes - fewer) for fewer in range(needed))


def test_votes_needed_undecided_letters_are_refused() -> None:
    with pytest.raises(ValueError, match="votes=5"):
        votes_needed(["A", "B"], 5)
