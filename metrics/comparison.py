"""What can be said of two programs that answered the same questions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from openmedlm.metrics.paired_tests import (
    difference_interval,
    mcnemar,
    mcnemar_mid_p,
    minimum_detectable_effect,
    paired,
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The first program against the second, on the same questions.

    Attributes:
        n: the questions.
        only_first, only_second: of them, those that only the first program answered right, and only the second.
        discordant: those that tell the two apart, `only_first + only_second`.
        difference: accuracy of the first less that of the second, with its 95 % interval `ci_low` to `ci_high`
            (`openmedlm.metrics.difference_interval`).
        first_accuracy, second_accuracy: their shares of right answers.
        p_value: two-sided, of the exact paired test (`openmedlm.metrics.mcnemar`).
        mid_p: two-sided mid-p value of that test (`openmedlm.metrics.mcnemar_mid_p`).
        minimum_detectable_effect: the smallest difference that so many questions would show, at the share of them that
            told the two apart; where none did, as if one had, since none in n does not mean that there is none.
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
        """The fields as plain JSON values, under their own names."""
        return asdict(self)


def compare(first: Sequence[bool], second: Sequence[bool]) -> Comparison:
    """Compares two programs' right answers, a flag a question, in the same order.

    Raises:
        ValueError: they are not about as many questions, or about none.
    """
    pairs = paired(first, second)
    interval = difference_interval(pairs)
    return Comparison(
        n=pairs.n,
        only_first=pairs.first,
        only_second=pairs.second,
        discordant=pairs.discordant,
        first_accuracy=sum(first) / pairs.n,
        second_accuracy=sum(second) / pairs.n,
        difference=pairs.difference,
        ci_low=interval.low,
        ci_high=interval.high,
        p_value=mcnemar(pairs),
        mid_p=mcnemar_mid_p(pairs),
        minimum_detectable_effect=minimum_detectable_effect(pairs.n, max(pairs.discordant, 1) / pairs.n),
    )
