"""Comparison of two questions: exact and near duplicates."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from openmedlm.data.question import Question

NEAR_THRESHOLD = 0.8
"""Minimum Jaccard similarity of the shingles of near duplicates."""

SHINGLE_WORDS = 5

DuplicateKind = Literal["exact", "near"]


@dataclass(frozen=True, slots=True)
class Profile:
    """Normalised text of a question, computed once and compared often.

    Attributes:
        stem: Normalised context and stem.
        options: Normalised option texts; their order and letters do not count.
        shingles: Runs of five words in context, stem and options; a shorter text is one run.
    """

    stem: str
    options: frozenset[str]
    shingles: frozenset[str]


def normalise(text: str) -> str:
    """Return the text in lower case, with unified compatibility characters and single spaces, without punctuation.

    A text of punctuation alone, such as the option "+", is only stripped.

    Example:
        >>> normalise("  Na⁺/K⁺–ATPase, the PUMP ")
        'na k atpase the pump'
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", " ", folded).strip() or folded.strip()


def profile(question: Question) -> Profile:
    """Return the profile of a question.

    The gold answer is not part of it: the same question with two gold answers is a duplicate.

    Example:
        >>> profile(Question("1", "mine", "dev", "Which organ?", {"A": "Heart", "B": "Liver"}, "B")).stem
        'which organ'
    """
    stem = normalise("\n".join((*question.context, question.question)))
    options = frozenset(map(normalise, question.options.values()))
    return Profile(stem, options, frozenset(_shingles(stem, *options)))


def duplicate_kind(a: Profile, b: Profile, threshold: float = NEAR_THRESHOLD) -> DuplicateKind | None:
    """Return `exact` or `near` for duplicates, else None.

    `exact`: the normalised contexts and stems are equal, and so are the sets of options. `near`: the Jaccard similarity
    of the shingles is at least `threshold`.

    Args:
        a: Profile of one question.
        b: Profile of the other question.
        threshold: Minimum Jaccard similarity of a near duplicate, in (0, 1].

    Example:
        >>> one = Question("1", "mine", "dev", "Which organ makes bile?", {"A": "Heart", "B": "Liver"}, "B")
        >>> other = Question("2", "mine", "dev", "WHICH organ makes bile", {"A": "liver.", "B": "heart"}, "A")
        >>> duplicate_kind(profile(one), profile(other))
        'exact'
    """
    if a.stem == b.stem and a.options == b.options:
        return "exact"
    fewer, more = sorted((len(a.shingles), len(b.shingles)))
    if fewer < threshold * more:
        return None
    shared = len(a.shingles & b.shingles)
    return "near" if shared >= threshold * (fewer + more - shared) else None


def near_duplicate(a: Question, b: Question, threshold: float = NEAR_THRESHOLD) -> bool:
    """Return True if the two questions are exact or near duplicates.

    Example:
        >>> question = Question("1", "mine", "dev", "Which organ makes bile?", {"A": "Heart", "B": "Liver"}, "B")
        >>> near_duplicate(question, question)
        True
    """
    return duplicate_kind(profile(a), profile(b), threshold) is not None


def _shingles(*texts: str) -> Iterator[str]:
    for text in texts:
        words: Sequence[str] = text.split()
        for start in range(max(1, len(words) - SHINGLE_WORDS + 1)):
            yield " ".join(words[start : start + SHINGLE_WORDS])
