"""Confidence interval of an accuracy."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided confidence interval, of an accuracy in [0, 1] or of a difference in [-1, 1].

    Example:
        >>> from openmedlm.metrics import wilson_interval
        >>> interval = wilson_interval(5, 10)
        >>> round(interval.low, 3), round(interval.high, 3)
        (0.237, 0.763)
    """

    low: float
    high: float


def wilson_interval(correct: int, total: int, confidence: float = 0.95) -> Interval:
    """Return the score interval of a proportion (Wilson 1927; Brown, Cai and DasGupta 2001, section 3.1.1).

    Unlike the normal approximation it stays inside [0, 1] and keeps its coverage below a few hundred questions.

    Args:
        correct: Number of correct answers, 0 <= correct <= total.
        total: Number of questions, errors included; at least 1.
        confidence: Two-sided coverage, between 0 and 1 exclusive.

    Raises:
        ValueError: A count or the confidence is out of range.

    Example:
        >>> interval = wilson_interval(85, 200)
        >>> round(interval.low, 3), round(interval.high, 3)
        (0.359, 0.494)
    """
    if total < 1:
        raise ValueError(f"total must be at least 1, got {total}")
    if not 0 <= correct <= total:
        raise ValueError(f"correct must be between 0 and total={total}, got {correct}")
    check_confidence(confidence)
    # The closed form needs one normal quantile, so scipy is not imported.
    z = NormalDist().inv_cdf((1.0 + confidence) / 2.0)
    share = correct / total
    shrink = 1.0 + z * z / total
    centre = (share + z * z / (2 * total)) / shrink
    half = z / shrink * sqrt(share * (1.0 - share) / total + z * z / (4 * total * total))
    # At the ends the exact bound is 0 or 1; rounding would miss it by a few ulp.
    return Interval(
        low=0.0 if correct == 0 else max(0.0, centre - half),
        high=1.0 if correct == total else min(1.0, centre + half),
    )


def check_confidence(confidence: float) -> None:
    """Raise ValueError unless the coverage is between 0 and 1 exclusive."""
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be between 0 and 1 exclusive, got {confidence}")
