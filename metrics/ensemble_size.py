"""Accuracy by ensemble size, from one run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openmedlm.metrics.accuracy import Score, Tally
from openmedlm.metrics.outcome import Outcome
from openmedlm.metrics.resizing import with_votes


@dataclass(frozen=True, slots=True)
class SizeResult:
    """An ensemble of some size.

    Attributes:
        votes: the size.
        bought: votes a question that it needs until its majority is decided, on average.
        score: of its answers.
    """

    votes: int
    api_calls: float
    score: Score


def accuracy_by_size(outcomes: Iterable[Outcome]) -> list[SizeResult]:
    """Every size from one vote to the ensemble's own; nothing where there is no question.

    Votes nest, so this is exact, and no more is bought for it. The points share questions and votes: the interval of
    each is its own, and does not tell whether two points differ.
    """
    tally = SizesTally()
    for outcome in outcomes:
        tally.add(outcome)
    return tally.result()


class SizesTally:
    """Counts outcomes whose votes are alike, of which there are few kinds, however many questions there are."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[object, ...], tuple[Outcome, list[int]]] = {}

    def add(self, outcome: Outcome) -> None:
        read = tuple([vote.letter if vote.error is None else False for vote in outcome.votes])
        kind = (read, outcome.gold, outcome.answer, outcome.votes_saved)
        known = self._kinds.get(kind)
        if known is None:
            self._kinds[kind] = (outcome, [1])
        else:
            known[1][0] += 1

    def result(self) -> list[SizeResult]:
        kinds = [(outcome, count) for outcome, (count,) in self._kinds.values()]
        largest = max((len(outcome.votes) + outcome.votes_saved for outcome, _ in kinds), default=0)
        return [_sized(kinds, votes) for votes in range(1, largest + 1)]


def _sized(kinds: Sequence[tuple[Outcome, int]], votes: int) -> SizeResult:
    sized = [(_at_most(outcome, votes), count) for outcome, count in kinds]
    n = sum(count for _, count in sized)
    api_calls = sum(count * len(outcome.votes) for outcome, count in sized) / n
    return SizeResult(votes, api_calls, Tally(n, sum(count for outcome, count in sized if outcome.correct)).score())


def _at_most(outcome: Outcome, votes: int) -> Outcome:
    """The outcome at that size, or at its own where that is smaller: another system may have sampled unevenly."""
    failed = any(vote.error is not None for vote in outcome.votes)  # only the sizes that it mattered to failed
    return with_votes(outcome, votes) if failed or votes < len(outcome.votes) + outcome.votes_saved else outcome
