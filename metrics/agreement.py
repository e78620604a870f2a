"""How far the votes on a question agree."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from openmedlm.metrics.outcome import Outcome
from openmedlm.metrics.voting import Majority, majority


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of votes, over the questions with at least two that could be read.

    Attributes:
        n: those questions.
        share: mean share of the majority's letter among the readable votes.
        pairs: mean share of pairs of votes that name the same letter (the observed agreement of Fleiss 1971).
        unanimous: share of the questions whose votes all agree.
    """

    n: int
    share: float
    pairs: float
    unanimous: float


def agreement(outcomes: Iterable[Outcome]) -> Agreement | None:
    """The agreement of the votes that were bought; None where no question has two."""
    tally = AgreementTally()
    for outcome in outcomes:
        tally.add(majority([vote.letter for vote in outcome.votes]))
    return tally.result()


class AgreementTally:
    """Counts how the votes of questions divide."""

    def __init__(self) -> None:
        self._divided: Counter[tuple[int, ...]] = Counter()

    def add(self, votes: Majority) -> None:
        """Adds a question's readable votes."""
        if sum(votes.counts.values()) > 1:
            self._divided[tuple(sorted(votes.counts.values(), reverse=True))] += 1

    def result(self) -> Agreement | None:
        """None where no question has two."""
        if not self._divided:
            return None
        kinds, times = zip(*sorted(self._divided.items()), strict=True)
        return Agreement(
            n=sum(times),
            share=fmean([counts[0] / sum(counts) for counts in kinds], times),
            pairs=fmean([_pairs(counts) for counts in kinds], times),
            unanimous=fmean([len(counts) == 1 for counts in kinds], times),
        )


def _pairs(counts: Sequence[int]) -> float:
    votes = sum(counts)
    return sum(count * (count - 1) for count in counts) / (votes * (votes - 1))
