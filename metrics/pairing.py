"""Two runs on the questions that they have in common."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openmedlm.metrics.outcome import Outcome
from openmedlm.utils.errors import UserError


@dataclass(frozen=True, slots=True)
class PairedOutcomes:
    """Both runs' outcomes of the questions that both answered, in the order of the first run.

    Attributes:
        pairs: the outcomes, the first run's and the second's.
        only_first, only_second: questions that only one of the runs was asked.
    """

    pairs: Sequence[tuple[Outcome, Outcome]]
    only_first: int
    only_second: int

    @property
    def first(self) -> list[bool]:
        """Whether the first run answered each right."""
        return [first.correct for first, _ in self.pairs]

    @property
    def second(self) -> list[bool]:
        """Whether the second did."""
        return [second.correct for _, second in self.pairs]

    @property
    def clusters(self) -> list[tuple[str, str]]:
        """What each question shares with others; see `Outcome.cluster`."""
        return [(one.benchmark, one.cluster or one.question_id) for one, _ in self.pairs]


def pair_outcomes(first: Iterable[Outcome], second: Iterable[Outcome]) -> PairedOutcomes:
    """Pairs two runs by benchmark and question.

    Raises:
        UserError: they disagree about the right answer of a question.
    """
    of_second = {(outcome.benchmark, outcome.question_id): outcome for outcome in second}
    pairs, only_first = [], 0
    for outcome in first:
        other = of_second.pop((outcome.benchmark, outcome.question_id), None)
        if other is None:
            only_first += 1
            continue
        if other.gold != outcome.gold:
            raise UserError(
                f"{outcome.benchmark} {outcome.question_id}: its right answer is {outcome.gold} in one run and "
                f"{other.gold} in the other; they were asked different versions of the benchmark"
            )
        pairs.append((outcome, other))
    return PairedOutcomes(pairs, only_first, len(of_second))
