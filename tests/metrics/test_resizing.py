from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.metrics import Outcome, Vote, majority, votes_needed, with_votes


def cast(letters: list[str | None]) -> Outcome:
    """What the letters of an ensemble of nine came to, as they are bought until they are decided."""
    api_calls = letters[: votes_needed(letters, len(letters))]
    votes = tuple(Vote(place, letter, "made", "") for place, letter in enumerate(api_calls))
    return Outcome("q", "made", None, "A", majority(api_calls).letter, votes, votes_saved=len(letters) - len(api_calls))


@given(st.lists(st.sampled_from(["A", "B", "C", None]), min_size=9, max_size=9), st.integers(1, 9))
def test_a_smaller_ensemble_is_what_its_own_votes_would_have_given(letters: list[str | None], votes: int) -> None:
    assert with_votes(cast(letters), votes) == cast(letters[:votes])


def test_a_vote_that_could_not_be_had_breaks_the_sizes_that_need_it() -> None:
    whole = cast(["A", "A", "A", "B", "B", "B", "B", "A", "A"])
    broken = replace(whole.votes[3], letter=None, error="gone", failure="timeout")
    outcome = replace(whole, votes=(*whole.votes[:3], broken), answer=None, error="gone", failure="timeout")
    small, large = with_votes(outcome, 5), with_votes(outcome, 9)
    assert (small.answer, small.status, len(small.votes)) == ("A", "answered", 3)
    assert (large.answer, large.status, large.failure) == (None, "error", "timeout")


def test_votes_that_do_not_decide_are_refused() -> None:
    with pytest.raises(ValueError, match="do not decide"):
        with_votes(cast(["A"]), 5)
