"""How far the votes on a question agree."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mean

from metrics.outcome import Outcome
from metrics.voting import majority


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
    counted = [majority([vote.letter for vote in outcome.votes]) for outcome in outcomes]
    several = [each for each in counted if sum(each.counts.values()) > 1]
    if not several:
        return None
    return Agreement(
        n=len(several),
        share=mean(each.share for each in several),
        pairs=mean(_pairs(list(each.counts.values())) for each in several),
        unanimous=mean(len(each.counts) == 1 for each in several),
    )


def _pairs(counts: list[int]) -> float:
    votes = sum(counts)
    return sum(count * (count - 1) for count in counts) / (votes * (votes - 1))
