"""Few-shot with the exemplars nearest to each question."""

from collections.abc import Callable, Sequence
from pathlib import Path

import dspy
from dspy.teleprompt import Teleprompter

from openmedlm.optimizers.trainset import usable_exemplars
from openmedlm.programs import KNNExemplars
from openmedlm.programs.knn_strategy import KNNStrategy
from openmedlm.programs.retrieval import Embedder, Kind, build_index, find_embedder
from openmedlm.programs.retrieval.knn_exemplars import NEAREST_LAST, Order


class KNNFewShot(Teleprompter):
    """Gives a strategy the pool from which it retrieves (OpenMedLM; Medprompt, arXiv 2311.16452).

    No model is called: a question's exemplars are looked up when it is asked.

    Args:
        k: exemplars in the prompt.
        embedder: of the questions; None takes the offline default.
        cache: folder in which vectors are kept, so that each is computed once; None keeps none.
        index: `exact`, or `hnsw` for a pool of 100,000 questions or more.
        balance: whether the exemplars' options are permuted so that answer letters are spread evenly.
        told: called with the number of pool questions that have their vector, and that of all.
        order: whether the nearest exemplar stands last, next to the question, or first.
    """

    def __init__(
        self,
        k: int = 5,
        embedder: Embedder | None = None,
        cache: Path | None = None,
        index: Kind = "exact",
        balance: bool = True,
        told: Callable[[int, int], None] | None = None,
        order: Order = NEAREST_LAST,
    ) -> None:
        super().__init__()
        self.embedder = embedder or find_embedder()
        self.cache = cache
        self.k = k
        self.index = index
        self.balance = balance
        self.told = told
        self.order = order

    def compile(
        self,
        student: KNNStrategy,
        *,
        trainset: Sequence[dspy.Example],
        valset: Sequence[dspy.Example] | None = None,
    ) -> KNNStrategy:
        """The student, a copy, with its pool and the pool's index.

        Args:
            student: a strategy that retrieves.
            trainset: the pool; see `openmedlm.programs.to_demo`. Where the student reasons, those without a rationale
                are no exemplars, and a question takes the next ones.
            valset: not looked at.

        Raises:
            UserError: the student reasons, and no exemplar of the pool has a rationale.
        """
        if not isinstance(student, KNNStrategy):
            raise TypeError(f"{type(student).__name__} does not retrieve; compile it with RandomFewShot")
        pool = tuple(exemplar.with_letter_refs() for exemplar in usable_exemplars(student, trainset))
        compiled: KNNStrategy = student.reset_copy()
        questions = [exemplar.question for exemplar in pool]
        index = build_index(questions, self.embedder, self.cache, self.index, self.told)
        compiled.nearest = KNNExemplars(index, pool, self.k, self.balance, student.seed, self.order)
        compiled._compiled = True
        return compiled
