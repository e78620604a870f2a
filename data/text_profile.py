"""The same question twice: exact and near duplicates."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from openmedlm.data.question import Question

NEAR = 0.8
SHINGLE_WORDS = 5

Kind = Literal["exact", "near"]


@dataclass(frozen=True, slots=True)
class Profile:
    """What two questions are compared by, made once per question.

    Attributes:
        stem: the normalised context and stem.
        options: the normalised option texts; their order and letters do not count.
        shingles: the runs of five words in context, stem and options; a shorter text is one run.
    """

    stem: str
    options: frozenset[str]
    shingles: frozenset[str]


def normalise(text: str) -> str:
    """The text in lower case, compatibility characters unified, its words joined by single spaces, without punctuation.

    A text of punctuation alone, such as an option "+", stays as it is.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", " ", folded).strip() or folded.strip()


def profile(question: Question) -> Profile:
    """The profile of a question. The gold answer is no part of it: the same question with two golds is a duplicate."""
    stem = normalise("\n".join((*question.context, question.question)))
    options = frozenset(map(normalise, question.options.values()))
    return Profile(stem, options, frozenset(_shingles(stem, *options)))


def duplicate_kind(a: Profile, b: Profile, threshold: float = NEAR) -> Kind | None:
    """How two questions are duplicates, if they are.

    `exact`: the same normalised stem, with the same context where there is one, and the same set of options.
    `near`: the Jaccard similarity of their shingles is at least `threshold`, in (0, 1].
    """
    if a.stem == b.stem and a.options == b.options:
        return "exact"
    fewer, more = sorted((len(a.shingles), len(b.shingles)))
    if fewer < threshold * more:
        return None
    shared = len(a.shingles & b.shingles)
    return "near" if shared >= threshold * (fewer + more - shared) else None


def near_duplicate(a: Question, b: Question, threshold: float = NEAR) -> bool:
    """Whether two questions are exact or near duplicates of each other."""
    return duplicate_kind(profile(a), profile(b), threshold) is not None


def _shingles(*texts: str) -> Iterator[str]:
    for text in texts:
        words: Sequence[str] = text.split()
        for start in range(max(1, len(words) - SHINGLE_WORDS + 1)):
            yield " ".join(words[start : start + SHINGLE_WORDS])
