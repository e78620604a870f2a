"""Which questions of many are similar: every pair above a threshold, without comparing each with each."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from openmedlm.data.question import Question
from openmedlm.data.text_profile import SHINGLE_WORDS, normalise

_ROWS = 4_096
"""Questions that are looked at together, which bounds the memory."""

_BUCKETS = 1 << 22
"""Counts of how common shingles are; more of them would only order the shingles better."""

_BETWEEN = b"\x1f"
_PLAIN = bytes(code if chr(code).isalnum() or code == _BETWEEN[0] else ord(" ") for code in range(128)) + bytes(128)
"""What an ASCII character is in a normalised text; nothing else is looked up in it."""

_BASE = np.uint64(0x9E3779B97F4A7C15)
_OWNER_BITS, _COMMON_BITS, _HASH_BITS = (np.uint64(bits) for bits in (20, 10, 34))
MOST = 1 << int(_OWNER_BITS)
"""Questions that can be compared at once, at most."""

Numbers = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]


def similar_pairs(questions: Sequence[Question], threshold: float) -> Iterator[tuple[int, int]]:
    """Positions of the pairs whose shingles' Jaccard similarity is at least the threshold, the earlier one first.

    Exact: two sets that are that similar share one of the first |x| - ⌈t·|x|⌉ + 1 elements of each, in any order that
    holds for all (Bayardo, Ma and Srikant 2007, section 4). Pairs that share one of those, the rarest first, are looked
    up in a sparse matrix, and their sets compared.

    Args:
        questions: in any order, `MOST` of them at most.
        threshold: in (0, 1].

    Raises:
        ValueError: there are more questions.
    """
    if len(questions) > MOST:
        raise ValueError(f"{len(questions):,} questions; {MOST:,} can be compared at once")
    if not questions:
        return
    rows, columns = _rarest(questions, threshold)
    for one, other in _sharing(rows, columns, len(questions)):
        alike = _similarity(questions, one, other) >= threshold
        yield from zip(one[alike].tolist(), other[alike].tolist(), strict=True)


def resembling(questions: Sequence[Question], others: Sequence[Question], threshold: float) -> list[int]:
    """Positions of the questions that may be as similar as the threshold to one of the others: all that are, and a few
    more, since their shingles are looked for in all of the others together.

    Args:
        questions, others: in any order; some of each.
        threshold: in (0, 1].
    """
    owners, shingles = _shingles(questions)
    known = np.isin(shingles, _shingles(others)[1])
    shared = np.bincount(owners[known], minlength=len(questions))
    likely = shared >= threshold * np.bincount(owners, minlength=len(questions))
    return [int(place) for place in np.flatnonzero(likely)]


def _shingles(questions: Sequence[Question]) -> tuple[Places, Numbers]:
    """The shingles of all questions as numbers, and whose they are; one that a text has twice stands twice."""
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
    left = np.repeat(np.cumsum(length), length) - np.arange(len(words))  # words from here to the end of the text
    first = np.repeat(np.cumsum(length) - length, length) == np.arange(len(words))
    number = np.array(words, np.int64).view(np.uint64)
    rolled = np.zeros(len(words), np.uint64)
    for place in range(SHINGLE_WORDS):
        ahead = np.zeros(len(words), np.uint64)
        ahead[: max(0, len(words) - place)] = number[place:]
        rolled = _mixed(rolled * _BASE + np.where(left > place, ahead, np.uint64(place)))
    whole = (left >= SHINGLE_WORDS) | first  # a shorter text is one shingle
    return owner[whole], rolled[whole]


def _words(texts: Sequence[str]) -> list[list[bytes]]:
    """The words of each text, normalised; texts of ASCII all at once."""
    joined = _BETWEEN.decode().join(texts)
    if joined.isascii():
        split = [text.split() for text in joined.encode().lower().translate(_PLAIN).split(_BETWEEN)]
        if len(split) == len(texts) and all(split):
            return split
    # A text may be signs alone, which are its words then, and one of them may be the separator.
    return [[word.encode() for word in normalise(text).split()] or [b""] for text in texts]


def _mixed(number: Numbers) -> Numbers:
    return (number ^ (number >> np.uint64(29))) * _BASE


def _rarest(questions: Sequence[Question], threshold: float) -> tuple[Places, Places]:
    """Each question's rarest shingles, as many as two similar questions must share one of; those of one question only
    are left out.

    All questions are gone through twice, since their shingles are many times what is kept of them: once to count how
    common each is, and once to choose.
    """
    pair_outcomes = np.zeros(_BUCKETS, np.uint32)
    for start in range(0, len(questions), _ROWS):
        _, shingles = _shingles(questions[start : start + _ROWS])
        bucket, times = np.unique(_bucket(_short(shingles)), return_counts=True)
        pair_outcomes[bucket] += times.astype(np.uint32)
    owners, rarest = [], []
    for start in range(0, len(questions), _ROWS):
        owner, own = _rarest_of(questions[start : start + _ROWS], pair_outcomes, threshold)
        owners.append((owner + start).astype(np.int32))
        rarest.append(own)
    return _shared(np.concatenate(owners), np.concatenate(rarest))


def _shared(owners: npt.NDArray[np.int32], shingles: Numbers) -> tuple[Places, Places]:
    """Of shingles those that stand there several times: whose they are, and a number for each distinct one."""
    order = np.argsort(shingles)
    again = np.diff(shingles[order]) == 0  # most stand there once, and are gone before anything else is made of them
    kept = order[np.concatenate((again, [False])) | np.concatenate(([False], again))]
    del order, again
    _, column = np.unique(shingles[kept], return_inverse=True)
    return owners[kept].astype(np.int64), column


def _rarest_of(
    questions: Sequence[Question], pair_outcomes: npt.NDArray[np.uint32], threshold: float
) -> tuple[Places, Numbers]:
    """The rarest shingles of some questions, and whose they are.

    A shingle is a part of its hash, behind how common it is: equal ones are equal, and few others are, which only makes
    a pair more to compare.
    """
    owners, shingles = _shingles(questions)
    short = _short(shingles)
    often = np.minimum(pair_outcomes[_bucket(short)], (1 << int(_COMMON_BITS)) - 1).astype(np.uint64)
    own = np.sort((owners.astype(np.uint64) << (_COMMON_BITS + _HASH_BITS)) | (often << _HASH_BITS) | short)
    own = own[np.concatenate(([True], own[1:] != own[:-1]))]
    owner = (own >> (_COMMON_BITS + _HASH_BITS)).astype(np.int64)
    sizes = np.bincount(owner, minlength=len(questions))
    rank = np.arange(len(own)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    # One more than needed, for the rare set of which two elements look alike.
    kept = rank < (sizes - np.ceil(threshold * sizes - 1e-9).astype(np.int64) + 2)[owner]
    return owner[kept], own[kept] & ((np.uint64(1) << (_COMMON_BITS + _HASH_BITS)) - np.uint64(1))


def _short(shingles: Numbers) -> Numbers:
    return shingles >> (np.uint64(64) - _HASH_BITS)


def _bucket(short: Numbers) -> Places:
    return (short & np.uint64(_BUCKETS - 1)).astype(np.int64)


def _sharing(rows: Places, columns: Places, count: int) -> Iterator[tuple[Places, Places]]:
    """Pairs of rows that share a column, the earlier first."""
    from scipy.sparse import triu

    if not rows.size:
        return
    matrix = _incidence(rows, columns, count)
    turned = matrix.T.tocsr()
    for start in range(0, count, _ROWS):
        shared = triu(matrix[start : start + _ROWS] @ turned, k=start + 1).tocoo()
        if shared.nnz:
            yield shared.row.astype(np.int64) + start, shared.col.astype(np.int64)


def _similarity(questions: Sequence[Question], one: Places, other: Places) -> npt.NDArray[np.float64]:
    """The Jaccard similarity of each pair."""
    involved, place = np.unique(np.concatenate((one, other)), return_inverse=True)
    owners, shingles = _shingles([questions[position] for position in involved.tolist()])
    _, column = np.unique(shingles, return_inverse=True)
    sets = _incidence(owners, column, len(involved))
    sizes = np.diff(sets.indptr)
    first, second = np.split(place, 2)
    shared = sets[first].multiply(sets[second]).sum(axis=1)
    return np.asarray(shared / (sizes[first] + sizes[second] - shared))


def _incidence(rows: Places, columns: Places, count: int) -> Any:
    """A sparse matrix with a one where a row has a column."""
    from scipy.sparse import csr_array

    matrix: Any = csr_array((np.ones(len(rows), np.int32), (rows, columns)), shape=(count, int(columns.max()) + 1))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix
