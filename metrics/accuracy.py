"""Right answers among questions."""

from collections.abc import Iterable
from dataclasses import dataclass

from openmedlm.metrics.intervals import wilson_interval


@dataclass(frozen=True, slots=True)
class Score:
    """Correct answers among some questions, with the 95 % Wilson interval; None where there was no question."""

    n: int
    correct: int
    accuracy: float | None
    ci_low: float | None
    ci_high: float | None


@dataclass(slots=True)
class Tally:
    """Questions, and right answers among them, as they come."""

    n: int = 0
    correct: int = 0

    def add(self, right: bool) -> None:
        self.n += 1
        self.correct += right

    def score(self) -> Score:
        if not self.n:
            return Score(0, 0, None, None, None)
        interval = wilson_interval(self.correct, self.n)
        return Score(self.n, self.correct, self.correct / self.n, interval.low, interval.high)


def score(right: Iterable[bool]) -> Score:
    """The score of right answers, a flag a question."""
    counted = Tally()
    for each in right:
        counted.add(each)
    return counted.score()
