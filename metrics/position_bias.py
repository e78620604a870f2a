"""Whether it matters at which letter the right option stands."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import pstdev

from openmedlm.metrics.accuracy import Score, Tally
from openmedlm.metrics.outcome import Outcome, Vote


@dataclass(frozen=True, slots=True)
class PositionBias:
    """How often votes find the right option, by the letter at which it was shown.

    Attributes:
        recall: letter to the votes that had the right option there and how many of them chose it; a vote that could not
            be read chose nothing.
        deviation: standard deviation of these recalls, RStd of Zheng et al. 2024 (arXiv 2309.03882), in [0, 0.5]; None
            with fewer than two letters.
        chosen: letter to the share of all readable votes that chose what was shown there.
        swing: among questions whose votes showed the right option at several letters, the highest of these recalls less
            the lowest: by how much the accuracy moves with the gold; None where no question did.
        swing_votes: the votes that tell it.
    """

    recall: Mapping[str, Score]
    deviation: float | None
    chosen: Mapping[str, float]
    swing: float | None
    swing_votes: int


def position_bias(outcomes: Iterable[Outcome]) -> PositionBias:
    """The position bias of all votes that were had."""
    tally = PositionTally()
    for outcome in outcomes:
        tally.add(outcome)
    return tally.result()


class PositionTally:
    """Counts votes by position, outcome by outcome."""

    def __init__(self) -> None:
        self._everywhere: dict[str, Tally] = defaultdict(Tally)
        self._moved: dict[str, Tally] = defaultdict(Tally)
        self._chosen: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        seen = list(_seen(outcome))
        several = len({gold for gold, _ in seen}) > 1
        for gold, letter in seen:
            self._everywhere[gold].add(letter == gold)
            if several:
                self._moved[gold].add(letter == gold)
            if letter is not None:
                self._chosen[letter] += 1

    def result(self) -> PositionBias:
        recall = {letter: self._everywhere[letter].score() for letter in sorted(self._everywhere)}
        shares = [each.correct / each.n for each in recall.values()]
        swings = [hits.correct / hits.n for hits in self._moved.values()]
        return PositionBias(
            recall=recall,
            deviation=pstdev(shares) if len(shares) > 1 else None,
            chosen={letter: self._chosen[letter] / self._chosen.total() for letter in sorted(self._chosen)},
            swing=max(swings) - min(swings) if len(swings) > 1 else None,
            swing_votes=sum(hits.n for hits in self._moved.values()),
        )


def _seen(outcome: Outcome) -> Iterator[tuple[str, str | None]]:
    """Of each vote that was had, the letter at which it was shown the gold option, and the letter that it chose."""
    for vote in outcome.votes:
        if vote.error is None and (not vote.order or outcome.gold in vote.order):
            yield shown_letter(vote, outcome.gold), vote.letter and shown_letter(vote, vote.letter)


def shown_letter(vote: Vote, letter: str) -> str:
    """The letter at which a vote was shown an option that the question has at `letter`."""
    return sorted(vote.order)[vote.order.index(letter)] if vote.order else letter
