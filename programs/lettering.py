"""Which options may change places, and which letters of a text then have to follow."""

import re
from collections.abc import Mapping, Sequence

from data import Question

_BOUND = re.compile(
    r"\b(?:above|below|preceding|former|latter|both|options?|choices?|"
    r"(?:all|any|none|either|neither)\sof\s(?:them|these|those|the))\b",
    re.IGNORECASE,
)
_LETTERS_ALONE = re.compile(r"[\W_]*(?:(?:[a-e]{1,4}|and|or|only)\b[\W_]*)+", re.IGNORECASE)


def order_is_free(question: Question) -> bool:
    """Whether the options may be shown in another order.

    They may not where one of them speaks of the others or of letters, as `All of the above`, `Both` and `A and C` do:
    at another place it would say something else. Where that can't be told apart, as in `Falls below 3 mmol/L`, they
    may not either.
    """
    return not any(_BOUND.search(text) or _LETTERS_ALONE.fullmatch(text) for text in question.options.values())


def letter_references(text: str, question: Question) -> tuple[int, ...] | None:
    """Temporary."""
    return None if re.search(r"\b[A-Z]\b", text) else ()


def moved(text: str, references: Sequence[int], mapping: Mapping[str, str]) -> str:
    """The text with the letters at those offsets replaced."""
    characters = list(text)
    for offset in references:
        characters[offset] = mapping[characters[offset]]
    return "".join(characters)
