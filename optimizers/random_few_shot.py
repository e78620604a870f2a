"""Few-shot with the same exemplars for every question."""

from collections import Counter
from collections.abc import Sequence

import dspy
from dspy.teleprompt import Teleprompter

from openmedlm.optimizers.trainset import usable_exemplars
from openmedlm.programs import Exemplar
from openmedlm.programs.option_order import derive_seed
from openmedlm.programs.strategy import Strategy


class RandomFewShot(Teleprompter):
    """Draws k exemplars by seed, spread over subjects and answer letters.

    Args:
        k: exemplars in the prompt.
        seed: of the draw.
    """

    def __init__(self, k: int = 5, seed: int = 0) -> None:
        super().__init__()
        self.k = k
        self.seed = seed

    def compile(
        self, student: Strategy, *, trainset: Sequence[dspy.Example], valset: Sequence[dspy.Example] | None = None
    ) -> Strategy:
        """The student, a copy, with its exemplars.

        Args:
            student: a strategy whose exemplars are the same for every question.
            trainset: the pool; see `openmedlm.programs.to_demo`.
            valset: not looked at.

        Raises:
            UserError: the student reasons, and no exemplar of the pool has a rationale.
        """
        compiled: Strategy = student.reset_copy()
        compiled.show(stratified(usable_exemplars(student, trainset), self.k, self.seed))
        compiled._compiled = True
        return compiled


def stratified(exemplars: Sequence[Exemplar], k: int, seed: int) -> list[Exemplar]:
    """k exemplars in a seeded order, each of the subject, then the answer letter, that was taken least so far."""
    left = sorted(exemplars, key=lambda e: derive_seed(seed, e.question.id, e.question.question))
    subjects: Counter[str | None] = Counter()
    letters: Counter[str] = Counter()
    chosen = []
    for _ in range(min(k, len(left))):
        best = min(left, key=lambda e: (subjects[e.question.subject], letters[e.question.answer]))
        left.remove(best)
        subjects[best.question.subject] += 1
        letters[best.question.answer] += 1
        chosen.append(best)
    return chosen
