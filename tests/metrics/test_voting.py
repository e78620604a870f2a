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
def test_the_most_frequent_letter_wins_and_a_tie_goes_to_the_one_that_came_first(
    letters: list[str | None], letter: str | None, share: float
) -> None:
    result = majority(letters)
    assert (result.letter, result.share) == (letter, share)


def test_counts_stand_in_order_of_first_appearance() -> None:
    assert list(majority([None, "C", "A", "C", "B"]).counts.items()) == [("C", 2), ("A", 1), ("B", 1)]


@settings(deadline=None)
@given(VOTES)
def test_an_unreadable_sample_is_no_vote(letters: list[str | None]) -> None:
    assert majority(letters) == majority([letter for letter in letters if letter is not None])


@pytest.mark.parametrize("size", range(8))
def test_a_vote_is_decided_exactly_when_no_continuation_changes_it(size: int) -> None:
    for so_far in product("ABC_", repeat=size):
        seen = [None if letter == "_" else letter for letter in so_far]
        for to_come in range(7 - size):
            continuations = product([*"ABCD", None], repeat=to_come)
            letters = {majority([*seen, *rest]).letter for rest in continuations}
            assert decided(seen, to_come) == (letters == {majority(seen).letter}), (seen, to_come)


@settings(deadline=None)
@given(VOTES, st.integers(0, 30))
def test_what_is_decided_stays_decided(letters: list[str | None], to_come: int) -> None:
    total = len(letters) + to_come
    settled = [decided(letters[:asked], total - asked) for asked in range(len(letters) + 1)]
    assert settled == sorted(settled)
    stop = settled.index(True) if True in settled else len(letters)
    if to_come == 0:
        assert majority(letters[:stop]).letter == majority(letters).letter


def test_votes_still_to_come_cannot_be_negative() -> None:
    with pytest.raises(ValueError, match="-1"):
        decided(["A"], -1)


@given(st.lists(st.sampled_from(["A", "B", "C", None]), min_size=1, max_size=21))
def test_the_votes_needed_are_the_first_that_decide(letters: list[str | None]) -> None:
    votes = len(letters)
    needed = votes_needed(letters, votes)
    assert decided(letters[:needed], votes - needed)
    assert not any(decided(letters[:fewer], votes - fewer) for fewer in range(needed))


def test_letters_that_decide_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="do not decide"):
        votes_needed(["A", "B"], 5)
