"""Few-shot with the exemplars nearest to each question."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

import dspy
from dspy.teleprompt import Teleprompter

from openmedlm.optimizers.trainset import Metric, check_student, usable_exemplars
from openmedlm.programs import KNNExemplars
from openmedlm.programs.knn_strategy import KNNStrategy
from openmedlm.programs.retrieval import Embedder, IndexKind, build_index, find_embedder
from openmedlm.programs.retrieval.knn_exemplars import NEAREST_LAST, ExemplarOrder
from openmedlm.programs.strategy import Strategy
from openmedlm.programs.to_module import as_knn


class KNNFewShot(Teleprompter):
    """Give a strategy the pool from which it retrieves (OpenMedLM; Medprompt, arXiv 2311.16452).

    Compiling calls no model. A program looks up the exemplars of a question when it answers it.

    Args:
        k: Number of exemplars in the prompt, at least 0.
        embedder: Embedder of the questions. Default: the embedded offline model.
        cache: Folder of cached vectors, so that each is computed once. None caches none.
        index: `exact`, or `hnsw` for a pool of 100,000 questions or more.
        balance: Permute the exemplars' options so that answer letters are spread evenly.
        on_progress: Called with the number of pool questions embedded so far and the number of all.
        order: Position of the nearest exemplar: last, next to the question, or first.
        metric: DSPy metric, `(example, prediction, trace=None)`. An exemplar is kept only if the metric accepts the
            labelled answer (and the rationale) that the prompt would show. None keeps all.

    Raises:
        ValueError: k is negative, or index or order is unknown.

    Example:
        >>> import dspy
        >>> from openmedlm.optimizers import KNNFewShot
        >>> from openmedlm.programs.zero_shot import ZeroShot
        >>> qa = dspy.Example(question="Which organ pumps blood?", options={"A": "Heart", "B": "Liver"}, answer="A")
        >>> program = KNNFewShot(k=1).compile(ZeroShot(), trainset=[qa])
        >>> program.name
        'knn-few-shot'
    """

    def __init__(
        self,
        k: int = 5,
        embedder: Embedder | None = None,
        cache: str | Path | None = None,
        index: IndexKind = "exact",
        balance: bool = True,
        on_progress: Callable[[int, int], None] | None = None,
        order: ExemplarOrder = NEAREST_LAST,
        metric: Metric | None = None,
    ) -> None:
        if k < 0:
            raise ValueError(f"k must be at least 0, got {k}")
        for name, value, known in (("index", index, get_args(IndexKind)), ("order", order, get_args(ExemplarOrder))):
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
        super().__init__()
        self.embedder = embedder or find_embedder()
        self.cache = Path(cache) if cache is not None else None
        self.k = k
        self.index = index
        self.balance = balance
        self.on_progress = on_progress
        self.order = order
        self.metric = metric

    def compile(
        self, student: Strategy, *, trainset: Sequence[dspy.Example], valset: Sequence[dspy.Example] | None = None
    ) -> KNNStrategy:
        """Return a retrieving program with the pool and its index: `KNNPredict`, or `KNNCoT` where the student reasons.

        Args:
            student: Any single strategy. Its instructions, template, sampling parameters and seed are kept.
            trainset: The pool; see `openmedlm.programs.to_demo`. Where the student reasons, only questions with a
                rationale are exemplars.
            valset: Questions that must not be exemplars. None leaves out none; near duplicates of the question that is
                asked are never shown in any case.

        Raises:
            TypeError: The student is not a single strategy.
            MissingRationales: The student reasons, and no exemplar has a rationale.
            UserError: The trainset holds no usable exemplar.
        """
        student = check_student(student, type(self).__name__)
        exemplars = usable_exemplars(
            student, trainset, type(self).__name__, kind="retrieved", metric=self.metric, valset=valset
        )
        pool = tuple(exemplar.with_letter_refs() for exemplar in exemplars)
        compiled = as_knn(student)
        questions = [exemplar.question for exemplar in pool]
        index = build_index(questions, self.embedder, self.cache, self.index, self.on_progress)
        compiled.nearest = KNNExemplars(index, pool, self.k, self.balance, student.seed, self.order)
        compiled._compiled = True
        return compiled
