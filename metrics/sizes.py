"""Accuracy by ensemble size, from one run."""

from collections.abc import Sequence
from dataclasses import dataclass

from metrics.outcome import Outcome
from metrics.resizing import resized
from metrics.score import Score, score


@dataclass(frozen=True, slots=True)
class Size:
    """An ensemble of some size.

    Attributes:
        votes: the size.
        bought: votes a question that it needs until its majority is decided, on average.
        score: of its answers.
    """

    votes: int
    bought: float
    score: Score


def accuracy_by_size(outcomes: Sequence[Outcome]) -> list[Size]:
    """Every size from one vote to the ensemble's own; nothing where there is no question.

    Votes nest, so this is exact, and no more is bought for it. The points share questions and votes: the interval of
    each is its own, and does not tell whether two points differ.
    """
    if not outcomes:
        return []
    largest = max(len(outcome.votes) + outcome.votes_saved for outcome in outcomes)
    return [_sized(outcomes, votes) for votes in range(1, largest + 1)]


def _sized(outcomes: Sequence[Outcome], votes: int) -> Size:
    sized = [_at_most(outcome, votes) for outcome in outcomes]
    bought = sum(len(outcome.votes) for outcome in sized) / len(sized)
    return Size(votes, bought, score([outcome.correct for outcome in sized]))


def _at_most(outcome: Outcome, votes: int) -> Outcome:
    """The outcome at that size, or at its own where that is smaller: another system may have sampled unevenly."""
    failed = any(vote.error is not None for vote in outcome.votes)  # only the sizes that it mattered to failed
    return resized(outcome, votes) if failed or votes < len(outcome.votes) + outcome.votes_saved else outcome
