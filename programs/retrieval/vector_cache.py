"""Embedding with a cache on disk: each text is computed once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from openmedlm.programs.retrieval.embedder import Embedder, Vectors
from openmedlm.programs.retrieval.vector_store import DamagedError, VectorStore

OnProgress = Callable[[int, int], None]
"""Callback with the number of embedded texts and the number of all texts."""


def encode_cached(
    texts: Sequence[str], embedder: Embedder, folder: Path | None, on_progress: OnProgress | None = None
) -> Vectors:
    """Return one vector per text; only texts without a stored vector are computed, each once.

    The store is a cache: a damaged file is renamed and computed again.

    Args:
        texts: Any number of texts; repeats are allowed.
        embedder: Embedder that computes the missing vectors.
        folder: Folder that stores the vectors, one file per embedder; None stores none.
        on_progress: Called before the first computation and after each stored batch, with counts of different texts;
            not called if no vector is missing.

    Raises:
        UserError: The folder or the embedder can't be used. Vectors stored before the error stay.
    """
    if not texts:
        return np.empty((0, 0), dtype=np.float32)
    if folder is None:
        rows = _computed(texts, embedder, on_progress)
    else:
        try:
            rows = _stored(texts, embedder, folder, on_progress)
        except DamagedError as damage:
            damage.set_aside()
            rows = _stored(texts, embedder, folder, on_progress)
    numbers = np.frombuffer(bytearray().join(rows[text] for text in texts), dtype="<f4")
    return numbers.reshape(len(texts), -1).astype(np.float32, copy=False)


def _stored(texts: Sequence[str], embedder: Embedder, folder: Path, on_progress: OnProgress | None) -> dict[str, bytes]:
    distinct = list(dict.fromkeys(texts))
    with VectorStore(folder, embedder.fingerprint) as store:
        rows = store.get_many(distinct)
        missing = _by_length(text for text in distinct if text not in rows)
        if missing and on_progress:
            on_progress(len(rows), len(distinct))
        for batch in _batches(missing, embedder):
            rows |= store.fill(batch, embedder.encode)
            if on_progress:
                on_progress(len(rows), len(distinct))
    return rows


def _computed(texts: Sequence[str], embedder: Embedder, on_progress: OnProgress | None) -> dict[str, bytes]:
    distinct = _by_length(dict.fromkeys(texts))
    rows: dict[str, bytes] = {}
    if on_progress:
        on_progress(0, len(distinct))
    for batch in _batches(distinct, embedder):
        vectors = embedder.encode(batch).astype("<f4")
        rows |= zip(batch, (row.tobytes() for row in vectors), strict=True)
        if on_progress:
            on_progress(len(rows), len(distinct))
    return rows


def _by_length(texts: Iterable[str]) -> list[str]:
    """Sort texts by length: a model computes batches of equal lengths fastest."""
    return sorted(texts, key=len)


def _batches(texts: Sequence[str], embedder: Embedder) -> Iterator[Sequence[str]]:
    """Split the texts into the embedder's batches; the embedder is not loaded if there are no texts."""
    if texts:
        size = embedder.batch_size
        for start in range(0, len(texts), size):
            yield texts[start : start + size]
