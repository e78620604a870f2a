"""Whether it matters at which letter the right option stands."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import pstdev

from metrics.outcome import Outcome, Vote
from metrics.score import Score, score


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
    everywhere: dict[str, list[bool]] = defaultdict(list)
    moved: dict[str, list[bool]] = defaultdict(list)
    chosen: dict[str, int] = defaultdict(int)
    for outcome in outcomes:
        seen = list(_seen(outcome))
        several = len({gold for gold, _ in seen}) > 1
        for gold, letter in seen:
            everywhere[gold].append(letter == gold)
            if several:
                moved[gold].append(letter == gold)
            if letter is not None:
                chosen[letter] += 1
    recall = {letter: score(everywhere[letter]) for letter in sorted(everywhere)}
    shares = [each.correct / each.n for each in recall.values()]
    swings = [sum(hits) / len(hits) for hits in moved.values()]
    return PositionBias(
        recall=recall,
        deviation=pstdev(shares) if len(shares) > 1 else None,
        chosen={letter: chosen[letter] / sum(chosen.values()) for letter in sorted(chosen)},
        swing=max(swings) - min(swings) if len(swings) > 1 else None,
        swing_votes=sum(map(len, moved.values())),
    )


def _seen(outcome: Outcome) -> Iterator[tuple[str, str | None]]:
    """Of each vote that was had, the letter at which it was shown the gold option, and the letter that it chose."""
    for vote in outcome.votes:
        if vote.error is None and (not vote.order or outcome.gold in vote.order):
            yield shown_letter(vote, outcome.gold), vote.letter and shown_letter(vote, vote.letter)


def shown_letter(vote: Vote, letter: str) -> str:
    """The letter at which a vote was shown an option that the question has at `letter`."""
    return sorted(vote.order)[vote.order.index(letter)] if vote.order else letter
