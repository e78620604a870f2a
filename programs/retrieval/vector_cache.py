"""Texts to vectors, each text once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from openmedlm.programs.retrieval.embedder import Embedder, Vectors
from openmedlm.programs.retrieval.vector_store import DamagedError, VectorStore

Told = Callable[[int, int], None]
"""Called with the number of texts that have their vector, and that of all."""


def encode_kept(texts: Sequence[str], embedder: Embedder, folder: Path | None, told: Told | None = None) -> Vectors:
    """One row for each text; only texts that the folder has no vector of are computed, each once.

    What the folder holds is derived: a damaged file in it is put aside and made anew.

    Args:
        texts: in any number; the same one may come twice.
        embedder: computes what is missing.
        folder: keeps the vectors, in a file an embedder; None keeps none.
        told: called before the first text is computed and whenever some were kept, counting different texts; not at all
            where nothing is missing.

    Raises:
        UserError: the folder or the embedder can't be used. What was computed before stays.
    """
    if not texts:
        return np.empty((0, 0), dtype=np.float32)
    if folder is None:
        rows = _computed(texts, embedder, told)
    else:
        try:
            rows = _kept(texts, embedder, folder, told)
        except DamagedError as damage:
            damage.put_aside()
            rows = _kept(texts, embedder, folder, told)
    numbers = np.frombuffer(bytearray().join(rows[text] for text in texts), dtype="<f4")
    return numbers.reshape(len(texts), -1).astype(np.float32, copy=False)


def _kept(texts: Sequence[str], embedder: Embedder, folder: Path, told: Told | None) -> dict[str, bytes]:
    distinct = list(dict.fromkeys(texts))
    with VectorStore(folder, embedder.fingerprint) as store:
        rows = store.look_up(distinct)
        missing = _by_length(text for text in distinct if text not in rows)
        if missing and told:
            told(len(rows), len(distinct))
        for some in _parts(missing, embedder):
            rows |= store.fill(some, embedder.encode)
            if told:
                told(len(rows), len(distinct))
    return rows


def _computed(texts: Sequence[str], embedder: Embedder, told: Told | None) -> dict[str, bytes]:
    distinct = _by_length(dict.fromkeys(texts))
    rows: dict[str, bytes] = {}
    if told:
        told(0, len(distinct))
    for some in _parts(distinct, embedder):
        vectors = embedder.encode(some).astype("<f4")
        rows |= zip(some, (row.tobytes() for row in vectors), strict=True)
        if told:
            told(len(rows), len(distinct))
    return rows


def _by_length(texts: Iterable[str]) -> list[str]:
    """Texts of one length next to each other, which a model computes quickest."""
    return sorted(texts, key=len)


def _parts(texts: Sequence[str], embedder: Embedder) -> Iterator[Sequence[str]]:
    """The texts, as many at a time as the embedder is best given; where there are none, it is not touched."""
    if texts:
        size = embedder.together
        for start in range(0, len(texts), size):
            yield texts[start : start + size]
