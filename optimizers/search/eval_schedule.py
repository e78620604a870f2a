"""The questions of a study: the search set, which ranks configurations, and the holdout set, which picks the winner."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from openmedlm.data import Question, fingerprint
from openmedlm.optimizers.search.defaults import BLOCK_GROWTH, BLOCK_QUESTIONS
from openmedlm.programs.option_order import derive_seed


@dataclass(frozen=True, slots=True)
class EvalSchedule:
    """Questions in one shuffled order, which all configurations share, answered block by block.

    Attributes:
        questions: Questions in that order.
        block: Number of questions before a configuration is first tested.
        growth: Length of each block relative to the one before. With too many tests, good configurations are pruned by
            chance.
    """

    questions: tuple[Question, ...]
    block: int
    growth: float = BLOCK_GROWTH

    @property
    def golds(self) -> str:
        """Gold letter of each question."""
        return "".join(question.answer for question in self.questions)

    def blocks(self) -> Iterator[tuple[Question, ...]]:
        """Yield the questions, one block at a time."""
        start, size = 0, float(self.block)
        while start < len(self.questions):
            end = start + round(size)
            if len(self.questions) - end < size / 2:  # no test right before the end
                end = len(self.questions)
            yield self.questions[start:end]
            start, size = end, size * self.growth

    def fingerprint(self) -> str:
        """Return the sha256 of the questions in their order."""
        return fingerprint(self.questions)


def split_dev(
    questions: Sequence[Question],
    seed: int,
    share: float,
    block: int = BLOCK_QUESTIONS,
    growth: float = BLOCK_GROWTH,
) -> tuple[EvalSchedule, EvalSchedule]:
    """Split dev into a search set and a holdout set.

    The split depends only on the seed and the questions' text, so that their order does not change it.

    Args:
        questions: The dev split.
        seed: Seed of the split and of the order.
        share: Share of the search set, between 0 and 1 exclusive.
        block, growth: See `EvalSchedule`.

    Raises:
        ValueError: One of the two sets would be empty.
    """
    ranked = sorted(questions, key=lambda q: (derive_seed(seed, "course", q.question), q.id))
    cut = round(len(ranked) * share)
    if not 0 < cut < len(ranked):
        raise ValueError(f"empty search or holdout set: {len(ranked)} questions at a share of {share:g}")
    return EvalSchedule(tuple(ranked[:cut]), block, growth), EvalSchedule(tuple(ranked[cut:]), block, growth)
