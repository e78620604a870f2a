"""Comparison of two programs on the same questions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from openmedlm.metrics.paired_tests import (
    difference_interval,
    mcnemar,
    mcnemar_mid_p,
    minimum_detectable_effect,
    paired_counts,
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Difference between two programs on the same questions, with tests.

    Attributes:
        n: Number of questions.
        only_first: Number of questions that only the first program answered correctly.
        only_second: Number of questions that only the second program answered correctly.
        discordant: `only_first + only_second`.
        first_accuracy: Accuracy of the first program, in [0, 1].
        second_accuracy: Accuracy of the second program, in [0, 1].
        difference: Accuracy of the first program minus that of the second, in [-1, 1].
        ci_low: Lower bound of the 95 % interval of the difference (`openmedlm.metrics.difference_interval`).
        ci_high: Upper bound of that interval.
        p_value: Two-sided p-value of the exact paired test (`openmedlm.metrics.mcnemar`).
        mid_p: Two-sided mid-p value of that test (`openmedlm.metrics.mcnemar_mid_p`).
        minimum_detectable_effect: Smallest difference that this number of questions can show, at the observed share of
            discordant questions. No discordant question counts as one, since 0 of n does not prove a share of 0.
    """

    n: int
    only_first: int
    only_second: int
    discordant: int
    first_accuracy: float
    second_accuracy: float
    difference: float
    ci_low: float
    ci_high: float
    p_value: float
    mid_p: float
    minimum_detectable_effect: float

    def as_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON values, under their own names."""
        return asdict(self)


def compare(first: Sequence[bool], second: Sequence[bool]) -> Comparison:
    """Compare two programs on the same questions.

    Args:
        first: Flag per question: the first program is correct. At least one question.
        second: Flags of the second program, in the same order.

    Raises:
        ValueError: There are no questions, or the lengths differ.

    Example:
        >>> result = compare([True] * 9 + [False], [True] * 4 + [False] * 6)
        >>> result.only_first, result.only_second, result.difference, result.p_value
        (5, 0, 0.5, 0.0625)
    """
    counts = paired_counts(first, second)
    interval = difference_interval(counts)
    return Comparison(
        n=counts.n,
        only_first=counts.only_first,
        only_second=counts.only_second,
        discordant=counts.discordant,
        first_accuracy=sum(first) / counts.n,
        second_accuracy=sum(second) / counts.n,
        difference=counts.difference,
        ci_low=interval.low,
        ci_high=interval.high,
        p_value=mcnemar(counts),
        mid_p=mcnemar_mid_p(counts),
        minimum_detectable_effect=minimum_detectable_effect(counts.n, max(counts.discordant, 1) / counts.n),
    )
