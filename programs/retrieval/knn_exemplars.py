"""Exemplars retrieved for each question: its nearest neighbours in a pool."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from openmedlm.data import Question
from openmedlm.programs.answer_balance import balance_answers
from openmedlm.programs.exemplar import Exemplar, exemplars_digest
from openmedlm.programs.option_order import derive_seed
from openmedlm.programs.retrieval import NeighbourIndex, Neighbours, Vectors
from openmedlm.programs.retrieved import RetrievedExemplars

ExemplarOrder = Literal["nearest-last", "nearest-first"]
"""Position of the nearest exemplar: next to the question, as in Medprompt, or farthest from it."""

NEAREST_LAST: ExemplarOrder = "nearest-last"


@dataclass(frozen=True)
class KNNExemplars:
    """The k pool questions nearest to each question.

    Attributes:
        index: Index of the pool's questions; its row i belongs to `pool[i]`.
        pool: Exemplars to retrieve from.
        k: Maximum number of exemplars; a smaller pool gives fewer.
        balance: Whether the answer letters are spread evenly (`balance_answers`).
        seed: Seed of the ties in the balancing.
        order: Order of the exemplars in a prompt.
    """

    index: NeighbourIndex
    pool: tuple[Exemplar, ...]
    k: int
    balance: bool = True
    seed: int = 0
    order: ExemplarOrder = NEAREST_LAST

    def choose(self, questions: Sequence[Question]) -> list[RetrievedExemplars]:
        """Return the exemplars of each question."""
        return self._retrieved(questions, self.index.nearest(questions, self.k))

    def choose_by_vector(self, vectors: Vectors, questions: Sequence[Question]) -> list[RetrievedExemplars]:
        """Return the exemplars of each question, given the vectors of the questions."""
        return self._retrieved(questions, self.index.nearest_to(vectors, questions, self.k))

    def _retrieved(self, questions: Sequence[Question], neighbours: Sequence[Neighbours]) -> list[RetrievedExemplars]:
        return [self._exemplars(question, near) for question, near in zip(questions, neighbours, strict=True)]

    def _exemplars(self, question: Question, near: Neighbours) -> RetrievedExemplars:
        step = -1 if self.order == NEAREST_LAST else 1
        exemplars = self._as_shown(question, [self.pool[row] for row in near.rows[::step]])
        return RetrievedExemplars(exemplars, near.similarities[::step], near.duplicates)

    def _as_shown(self, question: Question, exemplars: Sequence[Exemplar]) -> tuple[Exemplar, ...]:
        if not self.balance:
            return tuple(exemplars)
        return balance_answers(exemplars, derive_seed(self.seed, "letters", question.question))

    def __deepcopy__(self, memo: object) -> "KNNExemplars":
        """Return itself: it is immutable, and a copy would copy the embedder's weights."""
        return self

    def describe(self) -> dict[str, object]:
        """Return all parameters of the choice as plain JSON values."""
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
