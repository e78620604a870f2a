"""Two programs on the same questions: which questions tell them apart, and what can be said from those."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Literal

from openmedlm.metrics.intervals import Interval


@dataclass(frozen=True, slots=True)
class Paired:
    """Counts over the questions that two programs have in common.

    Attributes:
        n: the questions.
        first: of them, those that only the first program answered right.
        second: those that only the second answered right.
    """

    n: int
    first: int
    second: int

    @property
    def discordant(self) -> int:
        """Questions that tell the two apart."""
        return self.first + self.second

    @property
    def difference(self) -> float:
        """Accuracy of the first less that of the second, in [-1, 1]; 0 without questions."""
        return (self.first - self.second) / self.n if self.n else 0.0


def paired(first: Sequence[bool], second: Sequence[bool]) -> Paired:
    """Pairs two programs' right answers, a flag a question, in the same order.

    Raises:
        ValueError: they are not about as many questions.
    """
    if len(first) != len(second):
        raise ValueError(f"the programs answered {len(first)} and {len(second)} questions; pair them on common ones")
    only_first = sum(a and not b for a, b in zip(first, second, strict=True))
    only_second = sum(b and not a for a, b in zip(first, second, strict=True))
    return Paired(len(first), only_first, only_second)


def mcnemar(pairs: Paired, alternative: Literal["two-sided", "less", "greater"] = "two-sided") -> float:
    """p-value of the exact paired test (McNemar 1947, in its binomial form).

    The null hypothesis: a question that tells the two programs apart is as likely to be won by either.

    Args:
        pairs: from `paired`.
        alternative: `less` for the first program being behind the second, `greater` for its being ahead.

    Returns:
        A probability; 1 where no question tells the two apart.
    """
    if not pairs.discordant:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(pairs.first, pairs.discordant, alternative=alternative).pvalue)


def mcnemar_mid_p(pairs: Paired) -> float:
    """Two-sided mid-p value of the paired test: less half the probability of what was seen, on either side.

    The exact test holds its level by being too careful; mid-p is nearly always within it, and finds more (Fagerland,
    Lydersen and Laake 2013, equation 8).

    Returns:
        A probability; 1 where no question tells the two apart.
    """
    if not pairs.discordant:
        return 1.0
    from scipy.stats import binom

    fewer = min(pairs.first, pairs.second)
    if 2 * fewer == pairs.discordant:
        return float(1.0 - 0.5 * binom.pmf(fewer, pairs.discordant, 0.5))
    return float(2 * binom.cdf(fewer, pairs.discordant, 0.5) - binom.pmf(fewer, pairs.discordant, 0.5))


def difference_interval(pairs: Paired, confidence: float = 0.95) -> Interval:
    """Interval around `Paired.difference` (Agresti and Min 2005).

    Wald's, with half a question added to each of the four cells of the paired table: it keeps its coverage where few
    questions are discordant, and is not empty where none is.

    Raises:
        ValueError: there are no questions, or the confidence is out of range.
    """
    if not pairs.n:
        raise ValueError("no questions in common")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1 exclusive, got {confidence}")
    n, first, second = pairs.n + 2, pairs.first + 0.5, pairs.second + 0.5
    centre = (first - second) / n
    half = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt(first + second - (first - second) ** 2 / n) / n
    return Interval(max(-1.0, centre - half), min(1.0, centre + half))


def minimum_detectable_effect(n: int, discordant_share: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """The difference in accuracy that a two-sided paired test would find with this power.

    (z(1 - alpha/2) + z(power)) * sqrt(d / n), the normal approximation of the paired test's power (Connor 1987, without
    its small correction under the alternative); 2.8 * sqrt(d / n) at the defaults.

    Args:
        n: questions.
        discordant_share: d, the share of questions that only one of the two programs answers right, in [0, 1].

    Raises:
        ValueError: there are no questions.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    normal = NormalDist()
    return min(1.0, (normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)) * sqrt(discordant_share / n))
