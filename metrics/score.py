"""Right answers among questions."""

from collections.abc import Sequence
from dataclasses import dataclass

from metrics.intervals import wilson_interval


@dataclass(frozen=True, slots=True)
class Score:
    """Correct answers among some questions, with the 95 % Wilson interval; None where there was no question."""

    n: int
    correct: int
    accuracy: float | None
    ci_low: float | None
    ci_high: float | None


def score(right: Sequence[bool]) -> Score:
    """The score of right answers, a flag a question."""
    if not right:
        return Score(0, 0, None, None, None)
    correct = sum(right)
    interval = wilson_interval(correct, len(right))
    return Score(len(right), correct, correct / len(right), interval.low, interval.high)
