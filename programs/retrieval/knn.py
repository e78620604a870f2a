"""Nearest rows of a matrix: candidates by faiss, then an exact ranking."""

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from openmedlm.programs.retrieval.embedder import Vectors

IndexKind = Literal["exact", "hnsw"]
"""`exact` search compares all rows; `hnsw` walks a graph (Malkov and Yashunin, arXiv 1603.09320) and may miss some."""

HNSW_M = 32
HNSW_EF_CONSTRUCTION = 200
HNSW_MIN_EF_SEARCH = 64
"""M and efConstruction of the paper, and the minimum efSearch."""

DECIMALS = 6
"""Decimals of a similarity: float32 vectors justify no more, and equal similarities then rank by row."""

_BLOCK_ROWS = 8192
"""Rows compared at once, so that a large pool needs little memory."""


def faiss_index(vectors: Vectors, kind: IndexKind) -> Any:
    """Build a faiss index by inner product."""
    import faiss

    if kind == "hnsw":
        return _graph(vectors)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return index


def _graph(vectors: Vectors) -> Any:
    """Build an HNSW graph in one thread, so that its links depend only on the rows and their order."""
    import faiss

    graph = faiss.IndexHNSWFlat(vectors.shape[1], HNSW_M, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = HNSW_EF_CONSTRUCTION
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        graph.add(vectors)
    finally:
        faiss.omp_set_num_threads(threads)
    return graph


class Candidates(NamedTuple):
    """Rows that contain the nearest ones.

    Attributes:
        rows: Rows of the pool, in no particular order.
        rest: Upper bound of the cosine of all other rows, computed by faiss in float32 with an error of up to
            `error_bound`. For HNSW it covers only rows that the graph leads to.
    """

    rows: NDArray[np.int64]
    rest: float


def find_candidates(index: Any, queries: Vectors, width: int) -> list[Candidates]:
    """Return `width` candidate rows per query; fewer if a graph leads to fewer."""
    import faiss

    walk: Any = None
    if isinstance(index, faiss.IndexHNSWFlat):
        walk = faiss.SearchParametersHNSW(efSearch=max(HNSW_MIN_EF_SEARCH, 2 * width))  # type: ignore[attr-defined]
    similarities, rows = index.search(queries, width, params=walk)
    return [
        Candidates(hits[hits >= 0], float(scores[hits >= 0].min(initial=1.0)))
        for scores, hits in zip(similarities, rows, strict=True)
    ]


def error_bound(dimension: int) -> float:
    """Return twice the float32 error of an inner product of two unit vectors, plus half of a sixth decimal."""
    return dimension * 2.0**-23 + 1e-6


def rank(pool: Vectors, query: NDArray[np.float32], rows: NDArray[np.int64]) -> tuple[list[int], list[float]]:
    """Return rows of the pool by their cosine with the query, nearest first, and those cosines; ties in row order.

    The sums are float64 and row by row, so that they depend neither on faiss's order nor on other rows.
    """
    wide = query.astype(np.float64)
    blocks = [
        (pool[rows[start : start + _BLOCK_ROWS]].astype(np.float64) * wide).sum(axis=1)
        for start in range(0, len(rows), _BLOCK_ROWS)
    ]
    similarities = np.round(np.concatenate(blocks), DECIMALS) + 0.0  # no negative zero
    order = np.lexsort((rows, -similarities))
    return rows[order].tolist(), similarities[order].tolist()
