"""Agreement of the votes on a question."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from openmedlm.metrics.outcome import Outcome
from openmedlm.metrics.voting import Majority, majority


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of votes, over the questions with at least two parsed votes.

    Attributes:
        n: Number of these questions.
        share: Mean share of the majority's letter among the parsed votes, in (0, 1].
        pairs: Mean share of pairs of votes with the same letter, in [0, 1] (observed agreement, Fleiss 1971).
        unanimous: Share of the questions whose parsed votes are all the same letter.
    """

    n: int
    share: float
    pairs: float
    unanimous: float


def agreement(outcomes: Iterable[Outcome]) -> Agreement | None:
    """Return the agreement of the votes; None if no question has two parsed votes.

    Example:
        >>> from openmedlm.metrics import Vote
        >>> votes = tuple(Vote(sample, letter, "lone letter", letter) for sample, letter in enumerate("AAB"))
        >>> agreement([Outcome("q1", "mine", None, gold="A", answer="A", votes=votes)])
        Agreement(n=1, share=0.6666666666666666, pairs=0.3333333333333333, unanimous=0.0)
    """
    tally = AgreementTally()
    for outcome in outcomes:
        tally.add(majority([vote.letter for vote in outcome.votes]))
    return tally.result()


class AgreementTally:
    """Running count of the distributions of votes."""

    def __init__(self) -> None:
        self._distributions: Counter[tuple[int, ...]] = Counter()

    def add(self, votes: Majority) -> None:
        """Add the parsed votes of one question."""
        if sum(votes.counts.values()) > 1:
            self._distributions[tuple(sorted(votes.counts.values(), reverse=True))] += 1

    def result(self) -> Agreement | None:
        """Return the agreement; None if no question has two parsed votes."""
        if not self._distributions:
            return None
        distributions, weights = zip(*sorted(self._distributions.items()), strict=True)
        return Agreement(
            n=sum(weights),
            share=fmean([counts[0] / sum(counts) for counts in distributions], weights),
            pairs=fmean([_pairs(counts) for counts in distributions], weights),
            unanimous=fmean([len(counts) == 1 for counts in distributions], weights),
        )


def _pairs(counts: Sequence[int]) -> float:
    votes = sum(counts)
    return sum(count * (count - 1) for count in counts) / (votes * (votes - 1))
