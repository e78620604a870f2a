from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.metrics import Outcome, Vote, accuracy_by_size, majority, votes_needed, with_votes

Make = Callable[..., Outcome]
MakeVote = Callable[..., Vote]


def _early_stopped(make_outcome: Make, make_vote: MakeVote, row: str, size: int) -> Outcome:
    """Return the outcome of the engine, which stops once the majority is decided."""
    needed = votes_needed(list(row), size)
    votes = tuple(make_vote(sample=i, letter=letter) for i, letter in enumerate(row[:needed]))
    return make_outcome(answer=majority(row[:needed]).letter, votes=votes, votes_saved=size - needed)


def test_accuracy_by_size_equals_runs_of_each_size(make_outcome: Make, make_vote: MakeVote) -> None:
    rows = ["AAAAA", "BAABA", "BBACA", "BABAA"]
    sizes = accuracy_by_size([_early_stopped(make_outcome, make_vote, row, 5) for row in rows])
    for size in sizes:
        expected = [_early_stopped(make_outcome, make_vote, row, size.votes) for row in rows]
        assert size.score.correct == sum(outcome.correct for outcome in expected)
        assert size.api_calls == sum(len(outcome.votes) for outcome in expected) / len(rows)
    assert [size.votes for size in sizes] == [1, 2, 3, 4, 5]


def test_accuracy_by_size_uneven_numbers_of_samples(make_outcome: Make, make_vote: MakeVote) -> None:
    rows = ("AAB", "A")
    outcomes = [make_outcome(votes=tuple(make_vote(letter=letter) for letter in row)) for row in rows]
    assert [size.score.n for size in accuracy_by_size(outcomes)] == [2, 2, 2]


def test_accuracy_by_size_failed_vote_counts_where_needed(make_outcome: Make, make_vote: MakeVote) -> None:
    votes = (*(make_vote(sample=sample) for sample in range(2)), make_vote(sample=2, letter=None, error="timeout"))
    failed = make_outcome(answer=None, votes=votes, error="timeout")
    other = _early_stopped(make_outcome, make_vote, "ABABA", 5)
    assert [size.score.correct for size in accuracy_by_size([failed, other])] == [2, 2, 2, 2, 1]


def test_accuracy_by_size_without_questions_is_empty() -> None:
    assert accuracy_by_size([]) == []


def _nine_votes(letters: list[str | None]) -> Outcome:
    """Return the outcome of an ensemble of nine that stops once its majority is decided."""
    requested = letters[: votes_needed(letters, len(letters))]
    votes = tuple(Vote(place, letter, "made", "") for place, letter in enumerate(requested))
    return Outcome("q", "made", None, "A", majority(requested).letter, votes, votes_saved=len(letters) - len(requested))


@given(st.lists(st.sampled_from(["A", "B", "C", None]), min_size=9, max_size=9), st.integers(1, 9))
def test_with_votes_equals_a_run_of_the_smaller_size(letters: list[str | None], votes: int) -> None:
    assert with_votes(_nine_votes(letters), votes) == _nine_votes(letters[:votes])


def test_with_votes_failed_vote_breaks_sizes_that_need_it() -> None:
    whole = _nine_votes(["A", "A", "A", "B", "B", "B", "B", "A", "A"])
    failed = replace(whole.votes[3], letter=None, error="gone", failure="timeout")
    outcome = replace(whole, votes=(*whole.votes[:3], failed), answer=None, error="gone", failure="timeout")
    small, large = with_votes(outcome, 5), with_votes(outcome, 9)
    assert (small.answer, small.status, len(small.votes)) == ("A", "answered", 3)
    assert (large.answer, large.status, large.failure) == (None, "error", "timeout")


def test_with_votes_undecided_votes_are_refused() -> None:
    with pytest.raises(ValueError, match="votes=5"):
        with_votes(_nine_votes(["A"]), 5)
    with pytest.raises(ValueError, match=r"votes .* 0"):
        with_votes(_nine_votes(["A"]), 0)
