"""Position bias: recall by the letter at which the right option is shown."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import pstdev

from openmedlm.metrics.accuracy import Score, Tally
from openmedlm.metrics.outcome import Outcome, Vote


@dataclass(frozen=True, slots=True)
class PositionBias:
    """Recall and choice of option letters, as the model was shown them.

    Attributes:
        recall: Letter to the votes with the right option at that letter, and how many of them chose it; an unparsed
            vote chose nothing.
        deviation: Standard deviation of these recalls, RStd of Zheng et al. 2024 (arXiv 2309.03882), in [0, 0.5]; None
            with fewer than two letters.
        chosen: Letter to the share of all parsed votes that chose it.
        swing: Highest minus lowest recall by letter, over the questions whose votes showed the right option at several
            letters: the effect of the position on the accuracy. None if there is no such question.
        swing_votes: Number of votes behind `swing`.
    """

    recall: Mapping[str, Score]
    deviation: float | None
    chosen: Mapping[str, float]
    swing: float | None
    swing_votes: int


def position_bias(outcomes: Iterable[Outcome]) -> PositionBias:
    """Return the position bias of all votes without an error.

    Example:
        >>> vote = Vote(sample=0, letter="A", rule="lone letter", text="B", order="CAB")
        >>> bias = position_bias([Outcome("q1", "mine", None, gold="A", answer="A", votes=(vote,))])
        >>> bias.chosen
        {'B': 1.0}
    """
    tally = PositionTally()
    for outcome in outcomes:
        tally.add(outcome)
    return tally.result()


class PositionTally:
    """Running count of votes by position, one outcome at a time."""

    def __init__(self) -> None:
        self._all: dict[str, Tally] = defaultdict(Tally)
        self._shuffled: dict[str, Tally] = defaultdict(Tally)
        self._chosen: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        """Add the outcome of one question."""
        positions = list(_positions(outcome))
        shuffled = len({gold for gold, _ in positions}) > 1
        for gold, letter in positions:
            self._all[gold].add(letter == gold)
            if shuffled:
                self._shuffled[gold].add(letter == gold)
            if letter is not None:
                self._chosen[letter] += 1

    def result(self) -> PositionBias:
        """Return the result over the outcomes so far."""
        recall = {letter: self._all[letter].score() for letter in sorted(self._all)}
        shares = [score.correct / score.n for score in recall.values()]
        swings = [tally.correct / tally.n for tally in self._shuffled.values()]
        return PositionBias(
            recall=recall,
            deviation=pstdev(shares) if len(shares) > 1 else None,
            chosen={letter: self._chosen[letter] / self._chosen.total() for letter in sorted(self._chosen)},
            swing=max(swings) - min(swings) if len(swings) > 1 else None,
            swing_votes=sum(tally.n for tally in self._shuffled.values()),
        )


def _positions(outcome: Outcome) -> Iterator[tuple[str, str | None]]:
    """Yield, for each vote without an error, the shown letter of the gold option and the shown letter chosen."""
    for vote in outcome.votes:
        if vote.error is None and (not vote.order or outcome.gold in vote.order):
            yield shown_letter(vote, outcome.gold), vote.letter and shown_letter(vote, vote.letter)


def shown_letter(vote: Vote, letter: str) -> str:
    """Return the letter at which a vote was shown the option that the question has at `letter`."""
    return sorted(vote.order)[vote.order.index(letter)] if vote.order else letter
