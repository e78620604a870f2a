"""Beyond accuracy: what the votes of a run tell of the model and of the ensemble."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from metrics.agreement import Agreement, agreement
from metrics.averages import macro_f1
from metrics.calibration import Calibration, calibration
from metrics.outcome import Outcome
from metrics.position import PositionBias, position_bias
from metrics.sizes import Size, accuracy_by_size
from metrics.voting import majority


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the votes tell.

    Attributes:
        macro_f1: over the gold letters; it means something where letters are classes, as PubMedQA's are.
        position: recall by the letter at which the right option was shown.
        sizes: accuracy by ensemble size; one point where there is one vote.
        agreement, calibration: of the votes, and of their share as a probability; None without a question that has
            several readable votes.
        rules: reading rule to the votes that it decided, and how many of those named the gold letter.
    """

    macro_f1: float | None
    position: PositionBias
    sizes: tuple[Size, ...]
    agreement: Agreement | None
    calibration: Calibration | None
    rules: dict[str, tuple[int, int]]

    def as_json(self) -> dict[str, Any]:
        """The fields as plain JSON values, under their own names."""
        return asdict(self)


def analyse(outcomes: Sequence[Outcome]) -> Analysis:
    """The analysis of a run's outcomes."""
    return Analysis(
        macro_f1=macro_f1([outcome.gold for outcome in outcomes], [outcome.answer for outcome in outcomes]),
        position=position_bias(outcomes),
        sizes=tuple(accuracy_by_size(outcomes)),
        agreement=agreement(outcomes),
        calibration=_calibrated(outcomes),
        rules=_rules(outcomes),
    )


def _calibrated(outcomes: Sequence[Outcome]) -> Calibration | None:
    counted = [(majority([vote.letter for vote in one.votes]), one) for one in outcomes if one.answer is not None]
    several = [(each.share, one.correct) for each, one in counted if sum(each.counts.values()) > 1]
    if not several:
        return None
    shares, right = zip(*several, strict=True)
    return calibration(shares, right)


def _rules(outcomes: Sequence[Outcome]) -> dict[str, tuple[int, int]]:
    rules: dict[str, tuple[int, int]] = {}
    for outcome in outcomes:
        for vote in outcome.votes:
            if vote.error is None:
                decided, right = rules.get(vote.rule, (0, 0))
                rules[vote.rule] = decided + 1, right + (vote.letter == outcome.gold)
    return dict(sorted(rules.items(), key=lambda pair: -pair[1][0]))
