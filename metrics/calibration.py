"""Whether the share of votes that agree tells how likely the answer is right."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log

from openmedlm.metrics.intervals import wilson_interval

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Questions whose vote share lies above `low` and not above `high`; the first bin holds 0 too.

    Attributes:
        low, high: of the bin.
        n: questions.
        confidence: their mean vote share.
        accuracy, ci_low, ci_high: share of right answers among them, with the 95 % Wilson interval.
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """What answering only the questions at or above some vote share would come to.

    Attributes:
        share: the least vote share that is answered.
        coverage: share that has it of the questions with several readable votes; the others have no share to go by.
        risk: share of wrong answers among them.
    """

    share: float
    coverage: float
    risk: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the vote share is worth as a probability of being right.

    Attributes:
        n: questions with several readable votes: the share of a single one says nothing.
        ece: expected calibration error over ten equal bins (Guo et al. 2017, equation 3).
        brier: mean squared distance of the share to 1 for a right and 0 for a wrong answer (Brier 1950).
        auroc: how probable it is that a right answer has the larger share than a wrong one, ties counting half; None
            where all answers are right, or all wrong.
        aurc: area under the risk–coverage curve (Geifman, Uziel and El-Yaniv 2019), in [0, 1]; less is better. Theirs
            is a mean over the questions, each with a confidence of its own; here many share one, so it is the integral
            over coverage, with the questions of one share in random order.
        bins: of the reliability diagram, empty ones left out.
        risk_coverage: a point a distinct share, the largest share first (El-Yaniv and Wiener 2010).
    """

    n: int
    ece: float
    brier: float
    auroc: float | None
    aurc: float
    bins: tuple[Bin, ...]
    risk_coverage: tuple[Coverage, ...]


def calibration(shares: Sequence[float], right: Sequence[bool]) -> Calibration:
    """The calibration of vote shares.

    Where votes stopped as soon as the majority was decided, the share is that of the votes that were bought, and larger
    than that of all votes would be; a run with `--all-votes` has them all.

    Args:
        shares: of the majority's letter among the readable votes, in [0, 1], a question each.
        right: whether that letter is the gold one.

    Raises:
        ValueError: there are no questions, not as many flags as shares, or a share is out of range.
    """
    if not shares or len(shares) != len(right):
        raise ValueError(f"{len(shares)} vote shares and {len(right)} flags; there must be as many, and one at least")
    if not all(0 <= share <= 1 for share in shares):
        raise ValueError("a vote share lies outside [0, 1]")
    from sklearn.metrics import brier_score_loss, roc_auc_score

    bins = tuple(_bins(shares, right))
    mixed = 0 < sum(right) < len(right)
    curve = tuple(_risk_coverage(shares, right))
    return Calibration(
        n=len(shares),
        ece=sum(each.n * abs(each.accuracy - each.confidence) for each in bins) / len(shares),
        brier=float(brier_score_loss(right, shares, pos_label=True, labels=[False, True])),
        auroc=float(roc_auc_score(right, shares)) if mixed else None,
        aurc=_area(curve),
        bins=bins,
        risk_coverage=curve,
    )


def _bins(shares: Sequence[float], right: Sequence[bool]) -> list[Bin]:
    # A share is a ratio of small whole numbers, and 3/10 must not land above 0.3 by rounding.
    place = [max(0, ceil(round(share * BINS, 9)) - 1) for share in shares]
    made = []
    for number in range(BINS):
        inside = [i for i, at in enumerate(place) if at == number]
        if inside:
            hits = sum(right[i] for i in inside)
            interval = wilson_interval(hits, len(inside))
            made.append(
                Bin(
                    low=number / BINS,
                    high=(number + 1) / BINS,
                    n=len(inside),
                    confidence=sum(shares[i] for i in inside) / len(inside),
                    accuracy=hits / len(inside),
                    ci_low=interval.low,
                    ci_high=interval.high,
                )
            )
    return made


def _risk_coverage(shares: Sequence[float], right: Sequence[bool]) -> list[Coverage]:
    ranked = sorted(zip(shares, right, strict=True), key=lambda pair: -pair[0])
    points, wrong = [], 0
    for answered, (share, hit) in enumerate(ranked, start=1):
        wrong += not hit
        if answered == len(ranked) or ranked[answered][0] != share:
            points.append(Coverage(share, answered / len(ranked), wrong / answered))
    return points


def _area(curve: Sequence[Coverage]) -> float:
    """Risk averaged over coverage; questions of one share are answered together, so their risk is that of the group."""
    area, covered, wrong = 0.0, 0.0, 0.0
    for point in curve:
        # Within a group of equal shares, in random order, the expected count of wrong answers grows evenly.
        width, more = point.coverage - covered, point.coverage * point.risk - wrong
        area += _mean_risk(covered, wrong, width, more)
        covered, wrong = point.coverage, point.coverage * point.risk
    return area


def _mean_risk(covered: float, wrong: float, width: float, more: float) -> float:
    """The integral of (wrong + more·t) / (covered + width·t) · width over t in [0, 1]."""
    if not covered:
        return more
    slope = more / width
    return slope * width + (wrong - slope * covered) * log((covered + width) / covered)
