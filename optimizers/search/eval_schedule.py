"""The questions of a study: cut into those that rank configurations and those that choose among the best."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from openmedlm.data import Question, fingerprint
from openmedlm.optimizers.search.defaults import BLOCK, GROWTH
from openmedlm.programs.option_order import derive_seed


@dataclass(frozen=True, slots=True)
class EvalSchedule:
    """Questions in one shuffled order, which all configurations share, met in blocks.

    Attributes:
        questions: in that order.
        block: how many are met before a configuration is judged for the first time.
        growth: how many times as long each further block is; a look too many stops good configurations by chance.
    """

    questions: tuple[Question, ...]
    block: int
    growth: float = GROWTH

    @property
    def golds(self) -> str:
        """The right letter of each question."""
        return "".join(question.answer for question in self.questions)

    def blocks(self) -> Iterator[tuple[Question, ...]]:
        """The questions, a block at a time."""
        start, size = 0, float(self.block)
        while start < len(self.questions):
            end = start + round(size)
            if len(self.questions) - end < size / 2:  # no look right before the end
                end = len(self.questions)
            yield self.questions[start:end]
            start, size = end, size * self.growth

    def fingerprint(self) -> str:
        """sha256 over the questions in their order."""
        return fingerprint(self.questions)


def split_dev(
    questions: Sequence[Question], seed: int, share: float, block: int = BLOCK, growth: float = GROWTH
) -> tuple[EvalSchedule, EvalSchedule]:
    """Cuts dev into a part that ranks configurations and a part that chooses among the best of them.

    The cut depends on the seed and the questions' text alone, so that it is the same whatever order they come in.

    Args:
        questions: the dev split.
        seed: of the cut and of the order.
        share: of the first part, between 0 and 1 exclusive.
        block, growth: see `EvalSchedule`.

    Raises:
        ValueError: a part would be empty.
    """
    ranked = sorted(questions, key=lambda q: (derive_seed(seed, "course", q.question), q.id))
    cut = round(len(ranked) * share)
    if not 0 < cut < len(ranked):
        raise ValueError(f"{len(ranked)} questions can't be cut into two parts at {share:g}")
    return EvalSchedule(tuple(ranked[:cut]), block, growth), EvalSchedule(tuple(ranked[cut:]), block, growth)
