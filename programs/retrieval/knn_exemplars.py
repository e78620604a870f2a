"""Exemplars that are near the question: nearest-neighbour retrieval over a pool."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from openmedlm.data import Question
from openmedlm.programs.answer_balance import balanced
from openmedlm.programs.exemplar import Exemplar, exemplars_digest
from openmedlm.programs.option_order import derive_seed
from openmedlm.programs.retrieval import NeighbourIndex, Neighbours, Vectors
from openmedlm.programs.retrieved import RetrievedExemplars

Order = Literal["nearest-last", "nearest-first"]
"""Where the nearest exemplar stands: next to the question, as in Medprompt, or farthest from it."""

NEAREST_LAST: Order = "nearest-last"


@dataclass(frozen=True)
class KNNExemplars:
    """The k pool questions nearest to each question.

    Attributes:
        index: over the pool's questions; its row i stands for `pool[i]`.
        pool: what the exemplars are taken from.
        k: how many, at most; fewer where the pool has fewer.
        balance: whether their answer letters are spread evenly (`balanced`).
        seed: of the ties in that.
        order: in which a prompt shows them.
    """

    index: NeighbourIndex
    pool: tuple[Exemplar, ...]
    k: int
    balance: bool = True
    seed: int = 0
    order: Order = NEAREST_LAST

    def choose(self, questions: Sequence[Question]) -> list[RetrievedExemplars]:
        return self._selections(questions, self.index.nearest(questions, self.k))

    def choose_by(self, vectors: Vectors, questions: Sequence[Question]) -> list[RetrievedExemplars]:
        """The same, by vectors of the questions that are at hand already."""
        return self._selections(questions, self.index.nearest_to(vectors, questions, self.k))

    def _selections(self, questions: Sequence[Question], found: Sequence[Neighbours]) -> list[RetrievedExemplars]:
        return [self._selection(question, near) for question, near in zip(questions, found, strict=True)]

    def _selection(self, question: Question, near: Neighbours) -> RetrievedExemplars:
        step = -1 if self.order == NEAREST_LAST else 1
        exemplars = self._as_shown(question, [self.pool[row] for row in near.rows[::step]])
        return RetrievedExemplars(exemplars, near.similarities[::step], near.duplicates)

    def _as_shown(self, question: Question, exemplars: Sequence[Exemplar]) -> tuple[Exemplar, ...]:
        if not self.balance:
            return tuple(exemplars)
        return balanced(exemplars, derive_seed(self.seed, "letters", question.question))

    def __deepcopy__(self, memo: object) -> "KNNExemplars":
        """Itself: it never changes, and a copy would copy the embedder's weights."""
        return self

    def describe(self) -> dict[str, object]:
        return {
            "kind": "nearest",
            "k": self.k,
            "exemplars": exemplars_digest(self.pool),
            "embedder": self.index.embedder.fingerprint,
            "index": self.index.kind,
            "balance": self.balance,
            "seed": self.seed,
            "order": self.order,
        }
