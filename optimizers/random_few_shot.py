"""Few-shot with the same exemplars for every question."""

from collections import Counter
from collections.abc import Sequence

import dspy
from dspy.teleprompt import Teleprompter

from openmedlm.optimizers.trainset import Metric, check_student, usable_exemplars
from openmedlm.programs import Exemplar
from openmedlm.programs.few_shot import FewShot
from openmedlm.programs.few_shot_cot import FewShotCoT
from openmedlm.programs.knn_strategy import KNNStrategy
from openmedlm.programs.option_order import derive_seed
from openmedlm.programs.strategy import Strategy


class RandomFewShot(Teleprompter):
    """Draw k exemplars by seed, balanced over subjects and answer letters.

    Args:
        k: Number of exemplars in the prompt, at least 0.
        seed: Seed of the draw.
        metric: DSPy metric, `(example, prediction, trace=None)`. An exemplar is kept only if the metric accepts the
            labelled answer (and the rationale) that the prompt would show. None keeps all.

    Raises:
        ValueError: k is negative.

    Example:
        >>> import dspy
        >>> from openmedlm.optimizers import RandomFewShot
        >>> from openmedlm.programs.zero_shot import ZeroShot
        >>> qa = dspy.Example(question="Which organ pumps blood?", options={"A": "Heart", "B": "Liver"}, answer="A")
        >>> program = RandomFewShot(k=1).compile(ZeroShot(), trainset=[qa])
        >>> [demo.answer for demo in program.predictor.demos]
        ['A']
    """

    def __init__(self, k: int = 5, seed: int = 0, metric: Metric | None = None) -> None:
        if k < 0:
            raise ValueError(f"k must be at least 0, got {k}")
        super().__init__()
        self.k = k
        self.seed = seed
        self.metric = metric

    def compile(
        self, student: Strategy, *, trainset: Sequence[dspy.Example], valset: Sequence[dspy.Example] | None = None
    ) -> Strategy:
        """Return a copy of the student with its exemplars: `ZeroShot` gives a few-shot program, `CoT` few-shot-cot.

        A student that retrieves loses its pool.

        Args:
            student: Any single strategy.
            trainset: Labelled questions; see `openmedlm.programs.to_demo`. Where the student reasons, only those with a
                rationale are used.
            valset: Questions that must not be exemplars. None leaves out none.

        Raises:
            TypeError: The student is not a single strategy.
            MissingRationales: The student reasons, and no exemplar has a rationale.
            UserError: The trainset holds no usable exemplar.
        """
        student = check_student(student, type(self).__name__)
        exemplars = usable_exemplars(
            student, trainset, type(self).__name__, kind="fixed", metric=self.metric, valset=valset
        )
        compiled = _without_pool(student) if isinstance(student, KNNStrategy) else student.reset_copy()
        compiled.show(stratified(exemplars, self.k, self.seed))
        compiled._compiled = True
        return compiled


def stratified(exemplars: Sequence[Exemplar], k: int, seed: int) -> list[Exemplar]:
    """Return k exemplars in a seeded order, each of the subject, then the answer letter, with the fewest so far."""
    remaining = sorted(exemplars, key=lambda e: derive_seed(seed, e.question.id, e.question.question))
    subjects: Counter[str | None] = Counter()
    letters: Counter[str] = Counter()
    chosen = []
    for _ in range(min(k, len(remaining))):
        best = min(remaining, key=lambda e: (subjects[e.question.subject], letters[e.question.answer]))
        remaining.remove(best)
        subjects[best.question.subject] += 1
        letters[best.question.answer] += 1
        chosen.append(best)
    return chosen


def _without_pool(student: KNNStrategy) -> Strategy:
    """Return a strategy that shows fixed exemplars, with the signature, template, sampling parameters and seed."""
    strategy = FewShotCoT if student.reasoning else FewShot
    fixed = strategy(student.template, student.decode, student.seed)
    fixed.predictor.signature = student.predictor.signature
    return fixed
