"""Search for all pairs of similar questions above a threshold, without comparing all pairs."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from openmedlm.data.question import Question
from openmedlm.data.text_profile import SHINGLE_WORDS, normalise

_BATCH_QUESTIONS = 4_096
"""Questions processed together, which bounds the memory."""

_BUCKETS = 1 << 22
"""Number of counters of shingle frequency; more counters would only improve the order of the shingles."""

_SEPARATOR = b"\x1f"
_PLAIN = bytes(code if chr(code).isalnum() or code == _SEPARATOR[0] else ord(" ") for code in range(128)) + bytes(128)
"""Translation table from an ASCII character to its form in a normalised text."""

_BASE = np.uint64(0x9E3779B97F4A7C15)
_OWNER_BITS, _COMMON_BITS, _HASH_BITS = (np.uint64(bits) for bits in (20, 10, 34))
MAX_QUESTIONS = 1 << int(_OWNER_BITS)
"""Maximum number of questions in one search."""

Numbers = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]


def similar_pairs(questions: Sequence[Question], threshold: float) -> Iterator[tuple[int, int]]:
    """Yield the positions of each pair whose shingles have at least this Jaccard similarity, the earlier first.

    The search is exact. Sort the elements of all sets by one common order, here the rarest first. Two sets of
    similarity t share one of the first |x| - ⌈t·|x|⌉ + 1 elements of each (Bayardo, Ma and Srikant 2007, section 4). A
    sparse matrix product finds the pairs that share one of these elements; then their sets are compared.

    Args:
        questions: Questions in any order, at most `MAX_QUESTIONS`.
        threshold: Minimum Jaccard similarity, in (0, 1].

    Raises:
        ValueError: There are too many questions.
    """
    if len(questions) > MAX_QUESTIONS:
        raise ValueError(f"too many questions: {len(questions):,}, at most {MAX_QUESTIONS:,} can be compared")
    if not questions:
        return
    rows, columns = _rarest(questions, threshold)
    for one, other in _sharing(rows, columns, len(questions)):
        alike = _similarity(questions, one, other) >= threshold
        yield from zip(one[alike].tolist(), other[alike].tolist(), strict=True)


def similar_candidates(questions: Sequence[Question], others: Sequence[Question], threshold: float) -> list[int]:
    """Return the positions of the questions that may be similar to one of the others.

    The result contains every similar question and a few more, since the shingles of all others form one set.

    Args:
        questions: Questions to filter, at least one.
        others: Questions to compare with, at least one.
        threshold: Minimum Jaccard similarity, in (0, 1].
    """
    owners, shingles = _shingles(questions)
    known = np.isin(shingles, _shingles(others)[1])
    shared = np.bincount(owners[known], minlength=len(questions))
    likely = shared >= threshold * np.bincount(owners, minlength=len(questions))
    return [int(position) for position in np.flatnonzero(likely)]


def _shingles(questions: Sequence[Question]) -> tuple[Positions, Numbers]:
    """Return the position of the question and the hash of each shingle; repeated shingles are kept."""
    words: list[int] = []
    lengths: list[int] = []
    texts: list[int] = []
    for question in questions:
        parts = ("\n".join((*question.context, question.question)), *question.options.values())
        for split in _words(parts):
            words += map(hash, split)
            lengths.append(len(split))
        texts.append(len(parts))
    length = np.array(lengths)
    owner = np.repeat(np.repeat(np.arange(len(questions)), texts), length)
    left = np.repeat(np.cumsum(length), length) - np.arange(len(words))  # words up to the end of the text
    first = np.repeat(np.cumsum(length) - length, length) == np.arange(len(words))
    number = np.array(words, np.int64).view(np.uint64)
    rolled = np.zeros(len(words), np.uint64)
    for offset in range(SHINGLE_WORDS):
        ahead = np.zeros(len(words), np.uint64)
        ahead[: max(0, len(words) - offset)] = number[offset:]
        rolled = _mixed(rolled * _BASE + np.where(left > offset, ahead, np.uint64(offset)))
    whole = (left >= SHINGLE_WORDS) | first  # a shorter text is one shingle
    return owner[whole], rolled[whole]


def _words(texts: Sequence[str]) -> list[list[bytes]]:
    """Return the normalised words of each text; ASCII texts are processed in one pass."""
    joined = _SEPARATOR.decode().join(texts)
    if joined.isascii():
        split = [text.split() for text in joined.encode().lower().translate(_PLAIN).split(_SEPARATOR)]
        if len(split) == len(texts) and all(split):
            return split
    # A text may consist of punctuation alone, which then counts as its words and may contain the separator.
    return [[word.encode() for word in normalise(text).split()] or [b""] for text in texts]


def _mixed(number: Numbers) -> Numbers:
    return (number ^ (number >> np.uint64(29))) * _BASE


def _rarest(questions: Sequence[Question], threshold: float) -> tuple[Positions, Positions]:
    """Return the question and the number of each question's rarest shingles.

    Of these shingles, two similar questions must share one. Shingles of a single question are left out. The shingles
    need far more memory than the result, so there are two passes: the first counts frequencies, the second selects.
    """
    frequencies = np.zeros(_BUCKETS, np.uint32)
    for start in range(0, len(questions), _BATCH_QUESTIONS):
        _, shingles = _shingles(questions[start : start + _BATCH_QUESTIONS])
        bucket, times = np.unique(_bucket(_short(shingles)), return_counts=True)
        frequencies[bucket] += times.astype(np.uint32)
    owners, rarest = [], []
    for start in range(0, len(questions), _BATCH_QUESTIONS):
        owner, own = _rarest_of(questions[start : start + _BATCH_QUESTIONS], frequencies, threshold)
        owners.append((owner + start).astype(np.int32))
        rarest.append(own)
    return _shared(np.concatenate(owners), np.concatenate(rarest))


def _shared(owners: npt.NDArray[np.int32], shingles: Numbers) -> tuple[Positions, Positions]:
    """Return the owners of the shingles that occur at least twice, and a number for each distinct shingle."""
    order = np.argsort(shingles)
    equals_next = np.diff(shingles[order]) == 0  # most occur once; they are dropped before further arrays are made
    kept = order[np.concatenate((equals_next, [False])) | np.concatenate(([False], equals_next))]
    del order, equals_next
    _, column = np.unique(shingles[kept], return_inverse=True)
    return owners[kept].astype(np.int64), column


def _rarest_of(
    questions: Sequence[Question], frequencies: npt.NDArray[np.uint32], threshold: float
) -> tuple[Positions, Numbers]:
    """Return the owners and the rarest shingles of some questions.

    The number of a shingle is its frequency followed by a part of its hash. A collision only adds a pair to compare.
    """
    owners, shingles = _shingles(questions)
    short = _short(shingles)
    frequency = np.minimum(frequencies[_bucket(short)], (1 << int(_COMMON_BITS)) - 1).astype(np.uint64)
    own = np.sort((owners.astype(np.uint64) << (_COMMON_BITS + _HASH_BITS)) | (frequency << _HASH_BITS) | short)
    own = own[np.concatenate(([True], own[1:] != own[:-1]))]
    owner = (own >> (_COMMON_BITS + _HASH_BITS)).astype(np.int64)
    sizes = np.bincount(owner, minlength=len(questions))
    rank = np.arange(len(own)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    # One more than needed, for the rare set with a hash collision among its elements.
    kept = rank < (sizes - np.ceil(threshold * sizes - 1e-9).astype(np.int64) + 2)[owner]
    return owner[kept], own[kept] & ((np.uint64(1) << (_COMMON_BITS + _HASH_BITS)) - np.uint64(1))


def _short(shingles: Numbers) -> Numbers:
    return shingles >> (np.uint64(64) - _HASH_BITS)


def _bucket(short: Numbers) -> Positions:
    return (short & np.uint64(_BUCKETS - 1)).astype(np.int64)


def _sharing(rows: Positions, columns: Positions, count: int) -> Iterator[tuple[Positions, Positions]]:
    """Yield the pairs of rows that share a column, the earlier first."""
    from scipy.sparse import triu

    if not rows.size:
        return
    matrix = _incidence(rows, columns, count)
    transposed = matrix.T.tocsr()
    for start in range(0, count, _BATCH_QUESTIONS):
        shared = triu(matrix[start : start + _BATCH_QUESTIONS] @ transposed, k=start + 1).tocoo()
        if shared.nnz:
            yield shared.row.astype(np.int64) + start, shared.col.astype(np.int64)


def _similarity(questions: Sequence[Question], one: Positions, other: Positions) -> npt.NDArray[np.float64]:
    """Return the Jaccard similarity of each pair."""
    involved, position = np.unique(np.concatenate((one, other)), return_inverse=True)
    owners, shingles = _shingles([questions[row] for row in involved.tolist()])
    _, column = np.unique(shingles, return_inverse=True)
    sets = _incidence(owners, column, len(involved))
    sizes = np.diff(sets.indptr)
    first, second = np.split(position, 2)
    shared = sets[first].multiply(sets[second]).sum(axis=1)
    return np.asarray(shared / (sizes[first] + sizes[second] - shared))


def _incidence(rows: Positions, columns: Positions, count: int) -> Any:
    """Return a sparse 0/1 matrix with a one for each given row and column."""
    from scipy.sparse import csr_array

    matrix: Any = csr_array((np.ones(len(rows), np.int32), (rows, columns)), shape=(count, int(columns.max()) + 1))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix
