"""Rows in an order that nothing but the vectors decides."""

import numpy as np
from numpy.typing import NDArray

from openmedlm.programs.retrieval.embedder import Vectors

DECIMALS = 6
"""To which similarities are rounded: float32 vectors bear no more, and equal ones then rank by row."""

_BLOCK = 8192
"""Rows that are compared at once, so that a large pool needs little memory."""


def rank(pool: Vectors, query: NDArray[np.float32], rows: NDArray[np.int64]) -> tuple[list[int], list[float]]:
    """Rows of the pool by their cosine with the query, nearest first, and those cosines; equal ones in row order.

    The sums are in float64 and row by row, so that neither faiss's order nor the other rows change them.
    """
    wide = query.astype(np.float64)
    blocks = [
        (pool[rows[start : start + _BLOCK]].astype(np.float64) * wide).sum(axis=1)
        for start in range(0, len(rows), _BLOCK)
    ]
    similarities = np.round(np.concatenate(blocks), DECIMALS) + 0.0  # no negative zero
    order = np.lexsort((rows, -similarities))
    return rows[order].tolist(), similarities[order].tolist()
