"""Nearest neighbours over the questions of a pool."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from openmedlm.data import Profile, Question, UserError, duplicate_kind, profile
from openmedlm.programs.retrieval.embedder import Embedder, Vectors
from openmedlm.programs.retrieval.knn import Candidates, Kind, candidates, error_bound, faiss_index
from openmedlm.programs.retrieval.ranking import rank
from openmedlm.programs.retrieval.vector_cache import Told, encode_kept

DUPLICATES_ALLOWED_FOR = 8
"""How many neighbours beyond k are looked at before the search is widened: most questions have no duplicate."""

HNSW_FROM = 100_000
"""Pool questions from which on a graph may be asked for; below, embedding a question takes longer than comparing it
with all of them."""


class Neighbours(NamedTuple):
    """What is near a question.

    Attributes:
        rows: of the pool, nearest first.
        similarities: the cosine of each, to six decimals.
        duplicates: pool questions that were passed over on the way to those rows, since they are the question, exactly
            or nearly.
    """

    rows: tuple[int, ...]
    similarities: tuple[float, ...]
    duplicates: int


@dataclass(frozen=True, eq=False)
class NeighbourIndex:
    """Vectors of a pool's questions and the embedder that made them.

    Attributes:
        questions: the pool, in the order of the vectors' rows.
        vectors: unit vectors, one row a question.
        embedder: embeds the questions that are looked up.
        kind: how rows are found; `exact` misses none.
        folder: keeps the vectors of questions that are looked up, see `encode_kept`; None keeps none.

    Raises:
        UserError: `hnsw` for fewer than `HNSW_FROM` questions.
        ValueError: another number of vectors than of questions.
    """

    questions: tuple[Question, ...]
    vectors: Vectors
    embedder: Embedder
    kind: Kind = "exact"
    folder: Path | None = None

    def __post_init__(self) -> None:
        _check_size(self.kind, len(self.questions))
        if len(self.vectors) != len(self.questions):
            raise ValueError(f"{len(self.vectors)} vectors for {len(self.questions)} questions")

    def nearest(self, questions: Sequence[Question], k: int) -> list[Neighbours]:
        """The k pool questions nearest to each question; see `nearest_to`, which gets the vectors of these."""
        if not questions or not self.questions or k < 1:
            return [_NONE for _ in questions]
        texts = [question.question for question in questions]
        return self.nearest_to(encode_kept(texts, self.embedder, self.folder), questions, k)

    def nearest_to(self, vectors: Vectors, questions: Sequence[Question], k: int) -> list[Neighbours]:
        """The k pool questions nearest to each vector.

        Exact and near duplicates of its question are passed over, since an exemplar that is the question gives its
        answer away; the next ones take their place. Rows of equal similarity come in their order in the pool. A
        question has the same neighbours alone and among others.

        Args:
            vectors: unit vectors, one row a question.
            questions: what the vectors are of.
            k: rows wanted for each; fewer come back where the pool is smaller.

        Raises:
            UserError: the vectors have another length than the pool's.
        """
        if not questions or not self.questions or k < 1:
            return [_NONE for _ in questions]
        if vectors.shape[1] != self.vectors.shape[1]:
            raise UserError(
                f"the embedder {self.embedder.name!r} gives vectors of {vectors.shape[1]} numbers, and the pool's have "
                f"{self.vectors.shape[1]}; give --embedder the one that the pool was embedded with"
            )
        asked = [profile(question) for question in questions]
        pool_profile = cache(lambda row: profile(self.questions[row]))
        margin = error_bound(vectors.shape[1])
        found: dict[int, Neighbours] = {}
        width = k + DUPLICATES_ALLOWED_FOR
        while waiting := [query for query in range(len(questions)) if query not in found]:
            looked_up = self._candidates(vectors[waiting], width)
            for query, (rows, rest) in zip(waiting, looked_up, strict=True):
                near = _without_duplicates(*rank(self.vectors, vectors[query], rows), asked[query], pool_profile, k)
                # Rows that tie with the last one may stand outside the candidates until these end clearly below it.
                enough = len(near.rows) == k and near.similarities[-1] > rest + margin
                if enough or len(rows) == len(self.questions):
                    found[query] = near
            width *= 4
        return [found[query] for query in range(len(questions))]

    def _candidates(self, vectors: Vectors, width: int) -> list[Candidates]:
        if width >= len(self.questions):
            return [Candidates(np.arange(len(self.questions)), -math.inf)] * len(vectors)
        return candidates(self._faiss, vectors, width)

    @cached_property
    def _faiss(self) -> Any:
        return faiss_index(self.vectors, self.kind)


def build_index(
    questions: Sequence[Question],
    embedder: Embedder,
    cache: Path | None,
    kind: Kind = "exact",
    told: Told | None = None,
) -> NeighbourIndex:
    """The index of a pool.

    Args:
        questions: the pool.
        embedder: of the pool, and of the questions that will be looked up.
        cache: folder in which the vectors of both are kept, so that each is computed once; None keeps none.
        kind: see `NeighbourIndex`.
        told: see `encode_kept`.

    Raises:
        UserError: `hnsw` for fewer than `HNSW_FROM` questions, or the folder or the embedder can't be used.
    """
    _check_size(kind, len(questions))
    vectors = encode_kept([question.question for question in questions], embedder, cache, told)
    return NeighbourIndex(tuple(questions), vectors, embedder, kind, cache)


_NONE = Neighbours((), (), 0)


def _check_size(kind: Kind, questions: int) -> None:
    if kind == "hnsw" and questions < HNSW_FROM:
        raise UserError(
            f"the index hnsw is for pools of {HNSW_FROM:,} questions or more, and this one has {questions:,}; "
            "take exact, which is as quick there and misses none"
        )


def _without_duplicates(
    rows: Sequence[int], similarities: Sequence[float], asked: Profile, pool_profile: Callable[[int], Profile], k: int
) -> Neighbours:
    """The first k of the ranked rows that are not the question."""
    taken: list[int] = []
    duplicates = 0
    for position, row in enumerate(rows):
        if len(taken) == k:
            break
        if duplicate_kind(asked, pool_profile(row)) is None:
            taken.append(position)
        else:
            duplicates += 1
    return Neighbours(tuple(rows[p] for p in taken), tuple(similarities[p] for p in taken), duplicates)
