"""Paired tests and intervals for two programs on the same questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Literal

from openmedlm.metrics.intervals import Interval, check_confidence


@dataclass(frozen=True, slots=True)
class PairedCounts:
    """Counts of the questions that two programs both answered.

    Attributes:
        n: Number of questions, at least 0.
        only_first: Number of questions that only the first program answered correctly.
        only_second: Number of questions that only the second program answered correctly.

    Raises:
        ValueError: A count is negative, or the discordant questions are more than `n`.
    """

    n: int
    only_first: int
    only_second: int

    def __post_init__(self) -> None:
        for name in ("n", "only_first", "only_second"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        if self.discordant > self.n:
            raise ValueError(f"only_first + only_second must be at most n={self.n}, got {self.discordant}")

    @property
    def discordant(self) -> int:
        """Number of questions that exactly one of the programs answered correctly."""
        return self.only_first + self.only_second

    @property
    def difference(self) -> float:
        """Accuracy of the first program minus that of the second, in [-1, 1]; 0 without questions."""
        return (self.only_first - self.only_second) / self.n if self.n else 0.0


def paired_counts(first: Sequence[bool], second: Sequence[bool]) -> PairedCounts:
    """Count the discordant questions of two programs.

    Args:
        first: Flag per question: the first program is correct.
        second: Flags of the second program, in the same order.

    Raises:
        ValueError: The lengths differ.

    Example:
        >>> paired_counts([True, True, False], [True, False, False])
        PairedCounts(n=3, only_first=1, only_second=0)
    """
    if len(first) != len(second):
        raise ValueError(f"first and second must have the same length, got {len(first)} and {len(second)}")
    only_first = sum(a and not b for a, b in zip(first, second, strict=True))
    only_second = sum(b and not a for a, b in zip(first, second, strict=True))
    return PairedCounts(len(first), only_first, only_second)


def mcnemar(counts: PairedCounts, alternative: Literal["two-sided", "less", "greater"] = "two-sided") -> float:
    """Return the p-value of the exact paired test (McNemar 1947, in its binomial form).

    Null hypothesis: a discordant question is as likely to be answered correctly by the first program as by the second.

    Args:
        counts: Result of `paired_counts`.
        alternative: `less` if the first program is worse under the alternative, `greater` if it is better.

    Returns:
        A probability; 1 if no question is discordant.

    Raises:
        ValueError: `alternative` is unknown.

    Example:
        >>> mcnemar(PairedCounts(n=100, only_first=1, only_second=5))
        0.21875
    """
    if alternative not in ("two-sided", "less", "greater"):
        raise ValueError(f"alternative must be two-sided, less or greater, got {alternative!r}")
    if not counts.discordant:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(counts.only_first, counts.discordant, alternative=alternative).pvalue)


def mcnemar_mid_p(counts: PairedCounts) -> float:
    """Return the two-sided mid-p value of the exact paired test.

    The observed table counts half. The exact test is conservative; the mid-p test almost always keeps its level and has
    more power (Fagerland, Lydersen and Laake 2013, equation 8).

    Args:
        counts: Result of `paired_counts`.

    Returns:
        A probability; 1 if no question is discordant.

    Example:
        >>> round(mcnemar_mid_p(PairedCounts(n=100, only_first=1, only_second=5)), 3)
        0.125
    """
    if not counts.discordant:
        return 1.0
    from scipy.stats import binom

    fewer = min(counts.only_first, counts.only_second)
    if 2 * fewer == counts.discordant:
        return float(1.0 - 0.5 * binom.pmf(fewer, counts.discordant, 0.5))
    return float(2 * binom.cdf(fewer, counts.discordant, 0.5) - binom.pmf(fewer, counts.discordant, 0.5))


def difference_interval(counts: PairedCounts, confidence: float = 0.95) -> Interval:
    """Return the interval of the accuracy difference, `PairedCounts.difference` (Agresti and Min 2005).

    It is Wald's interval with half a question added to each of the four cells of the paired table. It keeps its
    coverage with few discordant questions, and has a positive width with none.

    Args:
        counts: Result of `paired_counts`, with at least one question.
        confidence: Two-sided coverage, between 0 and 1 exclusive.

    Returns:
        The interval, within [-1, 1].

    Raises:
        ValueError: There are no questions, or `confidence` is out of range.

    Example:
        >>> interval = difference_interval(PairedCounts(n=100, only_first=20, only_second=10))
        >>> round(interval.low, 3), round(interval.high, 3)
        (-0.007, 0.203)
    """
    if not counts.n:
        raise ValueError("counts.n must be at least 1, got 0: no questions in common")
    check_confidence(confidence)
    n, first, second = counts.n + 2, counts.only_first + 0.5, counts.only_second + 0.5
    centre = (first - second) / n
    half = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt(first + second - (first - second) ** 2 / n) / n
    return Interval(max(-1.0, centre - half), min(1.0, centre + half))


def minimum_detectable_effect(n: int, discordant_share: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Return the accuracy difference that a two-sided paired test detects with this power.

    The formula is (z(1 - alpha/2) + z(power)) * sqrt(d / n), at the defaults 2.8 * sqrt(d / n). It is the normal
    approximation of the power of the paired test (Connor 1987, without the small correction under the alternative).

    Args:
        n: Number of questions, at least 1.
        discordant_share: d, the share of questions that exactly one of the programs answers correctly, in [0, 1].
        alpha: Level of the test, between 0 and 1 exclusive.
        power: Probability of a significant result, between 0 and 1 exclusive.

    Returns:
        The difference in accuracy, in [0, 1].

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> round(minimum_detectable_effect(1273, discordant_share=0.2), 3)
        0.035
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    if not 0.0 <= discordant_share <= 1.0:
        raise ValueError(f"discordant_share must be in [0, 1], got {discordant_share}")
    for name, value in (("alpha", alpha), ("power", power)):
        if not 0.0 < value < 1.0:
            raise ValueError(f"{name} must be between 0 and 1 exclusive, got {value}")
    normal = NormalDist()
    return min(1.0, (normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)) * sqrt(discordant_share / n))
