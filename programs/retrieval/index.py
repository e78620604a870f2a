"""Index of a pool's questions, for nearest-neighbour search without duplicates of the query."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from openmedlm.data import Profile, Question, UserError, duplicate_kind, profile
from openmedlm.programs.retrieval.embedder import Embedder, Vectors
from openmedlm.programs.retrieval.knn import Candidates, IndexKind, error_bound, faiss_index, find_candidates, rank
from openmedlm.programs.retrieval.vector_cache import OnProgress, encode_cached

EXTRA_CANDIDATES = 8
"""Candidates beyond k in the first search, in case some are duplicates; most questions have none."""

HNSW_MIN_QUESTIONS = 100_000
"""Smallest pool for an HNSW graph, in questions. In a smaller pool, embedding a question takes longer than comparing it
with all of them."""


class Neighbours(NamedTuple):
    """Nearest pool questions of one question.

    Attributes:
        rows: Rows of the pool, nearest first.
        similarities: Cosine of each row, to six decimals.
        duplicates: Number of nearer pool questions left out as exact or near duplicates of the question.
    """

    rows: tuple[int, ...]
    similarities: tuple[float, ...]
    duplicates: int


@dataclass(frozen=True, eq=False)
class NeighbourIndex:
    """Vectors of a pool's questions and the embedder that made them.

    Attributes:
        questions: Pool questions, in the order of the vectors' rows.
        vectors: Unit vectors, one row per question.
        embedder: Embedder of the query questions.
        kind: Search method; `exact` misses no row.
        folder: Folder that stores vectors of query questions, see `encode_cached`; None stores none.

    Raises:
        UserError: The kind is `hnsw`, and the pool has fewer than `HNSW_MIN_QUESTIONS` questions.
        ValueError: The numbers of vectors and questions differ.
    """

    questions: tuple[Question, ...]
    vectors: Vectors
    embedder: Embedder
    kind: IndexKind = "exact"
    folder: Path | None = None

    def __post_init__(self) -> None:
        _check_size(self.kind, len(self.questions))
        if len(self.vectors) != len(self.questions):
            raise ValueError(
                f"number of vectors differs from number of questions: {len(self.vectors)} and {len(self.questions)}"
            )

    def nearest(self, questions: Sequence[Question], k: int) -> list[Neighbours]:
        """Return the k pool questions nearest to each question; see `nearest_to`."""
        if not questions or not self.questions or k < 1:
            return [_NONE for _ in questions]
        texts = [question.question for question in questions]
        return self.nearest_to(encode_cached(texts, self.embedder, self.folder), questions, k)

    def nearest_to(self, vectors: Vectors, questions: Sequence[Question], k: int) -> list[Neighbours]:
        """Return the k pool questions nearest to each vector.

        Exact and near duplicates of a question are replaced by the next neighbours, since such an exemplar would give
        the answer away. Rows of equal similarity keep their order in the pool. The neighbours of a question do not
        depend on the other questions of the call.

        Args:
            vectors: Unit vectors, one row per question.
            questions: Questions of the vectors.
            k: Number of rows per question; a smaller pool gives fewer.

        Raises:
            UserError: The vectors have another dimension than the pool's.
        """
        if not questions or not self.questions or k < 1:
            return [_NONE for _ in questions]
        if vectors.shape[1] != self.vectors.shape[1]:
            raise UserError(
                f"wrong vector dimension from the embedder {self.embedder.name!r}: {vectors.shape[1]}, but the pool "
                f"has {self.vectors.shape[1]}. Set --embedder to the one that the pool was embedded with."
            )
        profiles = [profile(question) for question in questions]
        pool_profile = cache(lambda row: profile(self.questions[row]))
        margin = error_bound(vectors.shape[1])
        results: dict[int, Neighbours] = {}
        width = k + EXTRA_CANDIDATES
        while pending := [query for query in range(len(questions)) if query not in results]:
            searched = self._candidates(vectors[pending], width)
            for query, (rows, rest) in zip(pending, searched, strict=True):
                near = _without_duplicates(*rank(self.vectors, vectors[query], rows), profiles[query], pool_profile, k)
                # Rows that tie with the last one can be outside the candidates, unless these end clearly below it.
                enough = len(near.rows) == k and near.similarities[-1] > rest + margin
                if enough or len(rows) == len(self.questions):
                    results[query] = near
            width *= 4
        return [results[query] for query in range(len(questions))]

    def _candidates(self, vectors: Vectors, width: int) -> list[Candidates]:
        if width >= len(self.questions):
            return [Candidates(np.arange(len(self.questions)), -math.inf)] * len(vectors)
        return find_candidates(self._faiss, vectors, width)

    @cached_property
    def _faiss(self) -> Any:
        return faiss_index(self.vectors, self.kind)


def build_index(
    questions: Sequence[Question],
    embedder: Embedder,
    cache: Path | None,
    kind: IndexKind = "exact",
    on_progress: OnProgress | None = None,
) -> NeighbourIndex:
    """Build the index of a pool.

    Args:
        questions: Pool questions.
        embedder: Embedder of the pool and of the query questions.
        cache: Folder that stores the vectors of both, so that each is computed once; None stores none.
        kind: Search method, see `NeighbourIndex`.
        on_progress: Callback, see `encode_cached`.

    Raises:
        UserError: The pool is too small for `hnsw`, or the folder or the embedder can't be used.
    """
    _check_size(kind, len(questions))
    vectors = encode_cached([question.question for question in questions], embedder, cache, on_progress)
    return NeighbourIndex(tuple(questions), vectors, embedder, kind, cache)


_NONE = Neighbours((), (), 0)


def _check_size(kind: IndexKind, questions: int) -> None:
    if kind == "hnsw" and questions < HNSW_MIN_QUESTIONS:
        raise UserError(
            f"pool too small for the index hnsw: {questions:,} questions, the minimum is {HNSW_MIN_QUESTIONS:,}. Use "
            "the index exact, which is as fast for this pool and misses no neighbour."
        )


def _without_duplicates(
    rows: Sequence[int], similarities: Sequence[float], target: Profile, pool_profile: Callable[[int], Profile], k: int
) -> Neighbours:
    """Return the first k of the ranked rows that are no duplicates of the question."""
    taken: list[int] = []
    duplicates = 0
    for position, row in enumerate(rows):
        if len(taken) == k:
            break
        if duplicate_kind(target, pool_profile(row)) is None:
            taken.append(position)
        else:
            duplicates += 1
    return Neighbours(tuple(rows[p] for p in taken), tuple(similarities[p] for p in taken), duplicates)
