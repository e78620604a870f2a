"""Options that may change places, and a text's letters that then follow."""

import re
from collections.abc import Mapping, Sequence

from openmedlm.data import Question

_BOUND = re.compile(
    r"\b(?:above|below|preceding|former|latter|both|options?|choices?|answers?\s\(?\d|than\sthe\sothers|"
    r"(?:all|any|none|either|neither)\sof\s(?:them|these|those|the))\b",
    re.IGNORECASE,
)
_LETTERS_ALONE = re.compile(
    r"(?=.*\b(?:[a-e]{1,4}|n?either)\b)[\W_]*(?:(?:[a-e]{1,4}|[f-h]|and|or|only|n?either)\b[\W_]*)+", re.IGNORECASE
)
_LETTERS_JUDGED = re.compile(
    r"(?=.*\b(?:true|false|(?:in)?correct|wrong)\b)(?:.*\b[b-j]\b|.*\ba\b\s*(?:[,&–-]|(?:and|is)\b))", re.IGNORECASE
)
_OTHERS_NAMED = re.compile(
    r"\b[A-E]\b\W*(?:,|&|\+|/|\b(?:and|or|nor|plus|but\snot|not)\b)\W*[A-E]\b"
    r"|\b(?i:same\sas|answer|except|none\sof|only|like)\s\(?[A-E]\b|\b[A-E]\s(?i:alone|only)\b"
    r"|\b(?i:first|second|third|fourth|last)\s(?i:two|three|and|or)\b|\b(?i:all|none)\s(?i:of\s)?(?i:the\s)?(?i:others?)\b"
)


def can_reorder_options(question: Question) -> bool:
    """Whether the options may be shown in another order.

    They may not where one of them speaks of the others or of letters, as `All of the above`, `Both` and `A and C` do,
    or says its own letter: at another place it would say something else. Where that can't be told apart, as in `Falls
    below 3 mmol/L`, they may not either.
    """
    return not any(
        _BOUND.search(text)
        or _LETTERS_ALONE.fullmatch(text)
        or _LETTERS_JUDGED.match(text)
        or _OTHERS_NAMED.search(text)
        or re.match(rf"\W*{letter}[.):]", text, re.IGNORECASE)
        for letter, text in question.options.items()
    )


def relabel(text: str, references: Sequence[int], mapping: Mapping[str, str]) -> str:
    """The text with the letter at each of these offsets replaced by what it is mapped to."""
    characters = list(text)
    for offset in references:
        characters[offset] = mapping[characters[offset]]
    return "".join(characters)
