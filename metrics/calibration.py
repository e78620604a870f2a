"""Calibration of the vote share as a probability of being right."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log

from openmedlm.metrics.intervals import wilson_interval

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Questions with a vote share in (low, high]; the first bin also contains 0.

    Attributes:
        low: Lower bound of the bin, exclusive.
        high: Upper bound of the bin, inclusive.
        n: Number of questions.
        confidence: Mean vote share, in [0, 1].
        accuracy: Share of correct answers, in [0, 1].
        ci_low: Lower bound of the 95 % Wilson interval of the accuracy.
        ci_high: Upper bound of that interval.
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
    """Selective answering: only questions with at least some vote share are answered.

    Attributes:
        share: Minimum vote share, in [0, 1].
        coverage: Share of the questions that are answered, among those with several parsed votes.
        risk: Share of wrong answers among the answered questions.
    """

    share: float
    coverage: float
    risk: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration statistics of the vote share.

    Attributes:
        n: Number of questions with several parsed votes; the share of a single vote is always 1.
        ece: Expected calibration error over ten equal bins, in [0, 1] (Guo et al. 2017, equation 3).
        brier: Mean squared distance of the share to 1 for a correct and 0 for a wrong answer, in [0, 1] (Brier 1950).
        auroc: Probability that a correct answer has a larger share than a wrong one, ties counting half; None if all
            answers are correct, or all wrong.
        aurc: Area under the risk–coverage curve, in [0, 1]; smaller is better. Geifman, Uziel and El-Yaniv 2019 define
            it as a mean over questions with distinct confidences. Here many questions have the same share, so it is the
            integral over coverage, with the questions of one share in random order.
        bins: Bins of the reliability diagram, without the empty ones.
        risk_coverage: One point per distinct share, largest share first (El-Yaniv and Wiener 2010).
    """

    n: int
    ece: float
    brier: float
    auroc: float | None
    aurc: float
    bins: tuple[Bin, ...]
    risk_coverage: tuple[Coverage, ...]


def calibration(shares: Sequence[float], correct: Sequence[bool]) -> Calibration:
    """Return the calibration of vote shares.

    With early stopping the share covers only the requested votes, so it is larger than that of all votes. A run with
    `--all-votes` requests all of them.

    Args:
        shares: Share of the majority's letter among the parsed votes, in [0, 1]; one per question, at least one.
        correct: Flag per question, in the same order: that letter is the gold letter.

    Raises:
        ValueError: There are no questions, the lengths differ, or a share is out of range.

    Example:
        >>> result = calibration([1.0, 1.0, 0.6, 0.6], [True, True, True, False])
        >>> round(result.ece, 3), round(result.brier, 3), round(result.auroc, 3)
        (0.05, 0.13, 0.833)
    """
    if not shares:
        raise ValueError("shares must have at least one question, got none")
    if len(shares) != len(correct):
        raise ValueError(f"shares and correct must have the same length, got {len(shares)} and {len(correct)}")
    for share in shares:
        if not 0 <= share <= 1:
            raise ValueError(f"shares must be in [0, 1], got {share}")
    from sklearn.metrics import brier_score_loss, roc_auc_score

    bins = tuple(_bins(shares, correct))
    mixed = 0 < sum(correct) < len(correct)
    curve = tuple(_risk_coverage(shares, correct))
    return Calibration(
        n=len(shares),
        ece=sum(each.n * abs(each.accuracy - each.confidence) for each in bins) / len(shares),
        brier=float(brier_score_loss(correct, shares, pos_label=True, labels=[False, True])),
        auroc=float(roc_auc_score(correct, shares)) if mixed else None,
        aurc=_area(curve),
        bins=bins,
        risk_coverage=curve,
    )


def _bins(shares: Sequence[float], correct: Sequence[bool]) -> list[Bin]:
    # A share is a ratio of small integers; without round(), 3/10 could fall into the bin above 0.3.
    bin_of = [max(0, ceil(round(share * BINS, 9)) - 1) for share in shares]
    bins = []
    for number in range(BINS):
        inside = [i for i, at in enumerate(bin_of) if at == number]
        if inside:
            hits = sum(correct[i] for i in inside)
            interval = wilson_interval(hits, len(inside))
            bins.append(
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
    return bins


def _risk_coverage(shares: Sequence[float], correct: Sequence[bool]) -> list[Coverage]:
    ranked = sorted(zip(shares, correct, strict=True), key=lambda pair: -pair[0])
    points, wrong = [], 0
    for answered, (share, hit) in enumerate(ranked, start=1):
        wrong += not hit
        if answered == len(ranked) or ranked[answered][0] != share:
            points.append(Coverage(share, answered / len(ranked), wrong / answered))
    return points


def _area(curve: Sequence[Coverage]) -> float:
    """Return the mean risk over coverage, with the questions of one share in random order."""
    area, covered, wrong = 0.0, 0.0, 0.0
    for point in curve:
        # In random order, the expected number of wrong answers grows linearly within a group of equal shares.
        width, more = point.coverage - covered, point.coverage * point.risk - wrong
        area += _mean_risk(covered, wrong, width, more)
        covered, wrong = point.coverage, point.coverage * point.risk
    return area


def _mean_risk(covered: float, wrong: float, width: float, more: float) -> float:
    """Return the integral of (wrong + more·t) / (covered + width·t) · width over t in [0, 1]."""
    if not covered:
        return more
    slope = more / width
    return slope * width + (wrong - slope * covered) * log((covered + width) / covered)
