"""Which questions of many are similar: every pair above a threshold, without comparing each with each."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from data.duplicates import SHINGLE_WORDS, normalise
from data.question import Question

_ROWS = 4_096
"""Questions whose candidates are looked up together, which bounds the memory."""

_BETWEEN = "\x1f"
_SIGNS = re.compile(rf"[^\w{_BETWEEN}]+")
_ASCII_SIGNS = {place: " " for place in range(128) if not chr(place).isalnum() and chr(place) != _BETWEEN}
_BASE = np.uint64(0x9E3779B97F4A7C15)

Numbers = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]


def similar_pairs(questions: Sequence[Question], threshold: float) -> Iterator[tuple[int, int]]:
    """Positions of the pairs whose shingles' Jaccard similarity is at least the threshold, the earlier one first.

    Exact but for collisions of 64-bit hashes. Two sets that are that similar share one of their rarest elements, the
    first |x| - ⌈t·|x|⌉ + 1 in an order by frequency that holds for all (Bayardo, Ma and Srikant 2007, section 4): pairs
    that share one are looked up in a sparse matrix, and their sets compared.

    Args:
        questions: in any order.
        threshold: in (0, 1].
    """
    if not questions:
        return
    owners, shingles = _shingles(questions)
    sizes = np.bincount(owners, minlength=len(questions))
    starts = np.concatenate(([0], np.cumsum(sizes)))
    rows, columns = _rarest(owners, shingles, sizes, threshold)
    for one, other in _sharing(rows, columns, len(questions)):
        fewer, more = np.sort([sizes[one], sizes[other]], axis=0)
        likely = fewer >= threshold * more
        for a, b in zip(one[likely].tolist(), other[likely].tolist(), strict=True):
            both = np.intersect1d(shingles[starts[a] : starts[a + 1]], shingles[starts[b] : starts[b + 1]], True).size
            if both >= threshold * (sizes[a] + sizes[b] - both):
                yield a, b


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
    """The distinct shingles of all questions as numbers, sorted within each; and whose they are."""
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
    owners, shingles = owner[whole], rolled[whole]
    order = np.lexsort((shingles, owners))
    owners, shingles = owners[order], shingles[order]
    new = np.concatenate(([True], (owners[1:] != owners[:-1]) | (shingles[1:] != shingles[:-1])))
    return owners[new], shingles[new]


def _words(texts: Sequence[str]) -> list[list[str]]:
    """The words of each text, normalised all at once."""
    folded = unicodedata.normalize("NFKC", _BETWEEN.join(texts)).casefold()
    plain = folded.translate(_ASCII_SIGNS) if folded.isascii() else _SIGNS.sub(" ", folded).replace("_", " ")
    split = [text.split() for text in plain.split(_BETWEEN)]
    if len(split) == len(texts) and all(split):
        return split
    return [normalise(text).split() or [""] for text in texts]  # signs alone are words, and one may be the separator


def _mixed(number: Numbers) -> Numbers:
    return (number ^ (number >> np.uint64(29))) * _BASE


def _rarest(owners: Places, shingles: Numbers, sizes: Places, threshold: float) -> tuple[Places, Places]:
    """Each question's rarest shingles, as many as two similar questions must share one of; those of one question only
    are left out."""
    _, column, count = np.unique(shingles, return_inverse=True, return_counts=True)
    order = np.lexsort((column, count[column], owners))
    rank = np.arange(len(owners)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    kept = order[rank < (sizes - np.ceil(threshold * sizes - 1e-9).astype(np.int64) + 1)[owners]]
    kept = kept[count[column[kept]] > 1]
    return owners[kept], column[kept]


def _sharing(rows: Places, columns: Places, count: int) -> Iterator[tuple[Places, Places]]:
    """Pairs of rows that share a column, the earlier first."""
    from scipy.sparse import csr_array, triu

    if not rows.size:
        return
    matrix: Any = csr_array((np.ones(len(rows), np.int32), (rows, columns)), shape=(count, int(columns.max()) + 1))
    turned = matrix.T.tocsr()
    for start in range(0, count, _ROWS):
        shared = triu(matrix[start : start + _ROWS] @ turned, k=start + 1).tocoo()
        yield shared.row.astype(np.int64) + start, shared.col.astype(np.int64)
