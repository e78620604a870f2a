"""Pairing of two runs on their common questions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openmedlm.metrics.outcome import Outcome
from openmedlm.utils.errors import UserError


@dataclass(frozen=True, slots=True)
class PairedOutcomes:
    """Outcomes of the questions that two runs have in common, in the order of the first run.

    Attributes:
        pairs: Outcome of the first and of the second run, per question.
        only_first: Number of questions that are only in the first run.
        only_second: Number of questions that are only in the second run.
    """

    pairs: Sequence[tuple[Outcome, Outcome]]
    only_first: int
    only_second: int

    @property
    def first(self) -> list[bool]:
        """Flag per question: the first run is correct."""
        return [first.correct for first, _ in self.pairs]

    @property
    def second(self) -> list[bool]:
        """Flag per question: the second run is correct."""
        return [second.correct for _, second in self.pairs]

    @property
    def clusters(self) -> list[tuple[str, str]]:
        """Benchmark and cluster of each question; see `Outcome.cluster`."""
        return [(first.benchmark, first.cluster or first.question_id) for first, _ in self.pairs]


def pair_outcomes(first: Iterable[Outcome], second: Iterable[Outcome]) -> PairedOutcomes:
    """Pair the outcomes of two runs by benchmark and question id.

    Raises:
        UserError: The runs have different gold answers for a question.

    Example:
        >>> outcomes = [Outcome(f"q{number}", "mine", None, gold="A", answer="A") for number in range(3)]
        >>> pair_outcomes(outcomes, outcomes[1:]).only_first
        1
    """
    second_by_id = {(outcome.benchmark, outcome.question_id): outcome for outcome in second}
    pairs, only_first = [], 0
    for outcome in first:
        other = second_by_id.pop((outcome.benchmark, outcome.question_id), None)
        if other is None:
            only_first += 1
            continue
        if other.gold != outcome.gold:
            raise UserError(
                f"{outcome.benchmark} {outcome.question_id}: different gold answers: {outcome.gold} in one run, "
                f"{other.gold} in the other. Compare runs on the same version of the benchmark."
            )
        pairs.append((outcome, other))
    return PairedOutcomes(pairs, only_first, len(second_by_id))
