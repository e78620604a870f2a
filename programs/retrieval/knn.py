"""Candidates for the nearest rows, by faiss."""

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from openmedlm.programs.retrieval.embedder import Vectors

Kind = Literal["exact", "hnsw"]
"""`exact` compares with every row; `hnsw` walks a graph (Malkov and Yashunin, arXiv 1603.09320) and may miss some."""

LINKS = 32
BUILD_WIDTH = 200
SEARCH_WIDTH = 64
"""The paper's M and efConstruction, and the least efSearch."""


def faiss_index(vectors: Vectors, kind: Kind) -> Any:
    """An index by inner product."""
    import faiss

    if kind == "hnsw":
        return _graph(vectors)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return index


def _graph(vectors: Vectors) -> Any:
    """Built by one thread, so that nothing but the rows and their order decides the links."""
    import faiss

    graph = faiss.IndexHNSWFlat(vectors.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = BUILD_WIDTH
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        graph.add(vectors)
    finally:
        faiss.omp_set_num_threads(threads)
    return graph


class Candidates(NamedTuple):
    """Rows among which the nearest are.

    Attributes:
        rows: of the pool, in no order to rely on.
        rest: the cosine that no other row exceeds, as faiss computes it, in float32 and so by up to `error_bound` off;
            for HNSW, no other row that the graph leads to.
    """

    rows: NDArray[np.int64]
    rest: float


def candidates(index: Any, queries: Vectors, width: int) -> list[Candidates]:
    """For each query `width` rows; fewer where a graph does not lead to as many."""
    import faiss

    walk: Any = None
    if isinstance(index, faiss.IndexHNSWFlat):
        walk = faiss.SearchParametersHNSW(efSearch=max(SEARCH_WIDTH, 2 * width))  # type: ignore[attr-defined]
    similarities, rows = index.search(queries, width, params=walk)
    return [
        Candidates(found[found >= 0], float(scores[found >= 0].min(initial=1.0)))
        for scores, found in zip(similarities, rows, strict=True)
    ]


def error_bound(dimension: int) -> float:
    """How far float32 may be off in the inner product of two unit vectors, twice over, and half of a sixth decimal."""
    return dimension * 2.0**-23 + 1e-6
