"""What can be said of two programs that answered the same questions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from metrics.paired import difference_interval, mcnemar, minimum_detectable_effect, paired


@dataclass(frozen=True, slots=True)
class Comparison:
    """The first program against the second, on the same questions.

    Attributes:
        n: the questions.
        first, second: of them, those that only the first program answered right, and only the second.
        discordant: those that tell the two apart, `first + second`.
        difference: accuracy of the first less that of the second, with its 95 % interval `ci_low` to `ci_high`
            (`metrics.difference_interval`).
        p_value: two-sided, of the exact paired test (`metrics.mcnemar`).
        minimum_detectable_effect: the smallest difference that so many questions would show, at the share of them that
            told the two apart; where none did, as if one had, since none in n does not mean that there is none.
    """

    n: int
    first: int
    second: int
    discordant: int
    difference: float
    ci_low: float
    ci_high: float
    p_value: float
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
        first=pairs.first,
        second=pairs.second,
        discordant=pairs.discordant,
        difference=pairs.difference,
        ci_low=interval.low,
        ci_high=interval.high,
        p_value=mcnemar(pairs),
        minimum_detectable_effect=minimum_detectable_effect(pairs.n, max(pairs.discordant, 1) / pairs.n),
    )
