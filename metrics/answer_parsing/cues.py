"""Answer cues: phrases that are followed by the answer, a letter or a text."""

import re
from typing import NamedTuple


class Cue(NamedTuple):
    """A named phrase; the answer starts where the match of its pattern ends.

    No pattern matches across an empty line, except for empty lines at its end.
    """

    name: str
    pattern: re.Pattern[str]


COPULA = r"(?:is|was|remains|(?:would|should|must|will|could\sonly|has\sto|seems\sto|appears\sto)\sbe)"
_ABOUT = r"(?:\s(?:to|for|of|here|in|among|from|that|based|according)\b[^.:\n]{0,200}?)?"
_NEARBY = r"(?:\s(?:to|for|of|here|in|among|from)\b[^.:,\n]{0,60}?)?"
_RANK = r"(?:correct|right|best|final|only|chosen|selected|my|(?:most|more)\s\w{4,14})"


def _cue(name: str, *patterns: str) -> Cue:
    return Cue(name, re.compile("|".join(patterns), re.IGNORECASE | re.MULTILINE))


# `"answer_choice": "C"`, in valid or broken JSON: the closing quote of the key and the colon are enough.
FIELD = _cue(
    "json field",
    r"\b(?:(?:final|correct|predicted|selected|chosen)[_\s]?)?"
    r"(?:answer(?:[_\s]?(?:choice|letter|option|index))?|choice|prediction|(?<=[a-z][_\s])option)\\?[\"']\s?:\s?",
)

CUES: tuple[Cue, ...] = (
    FIELD,
    # `\boxed{C}`; JSON often loses the backslash.
    _cue("boxed", r"\b(?:boxed|fbox)\s?\{"),
    # `<answer>C</answer>`, and the field marker of a DSPy chat prompt.
    _cue("answer tag", r"<\s?(?:final_?)?answer\s?>", r"\[\[ ?#+ ?answer ?#+ ?\]\]"),
    # `The answer to the question is C`, `Answer choice: C`, `so answer C.`
    _cue(
        "answer cue",
        r"\b(?:answer|ans)(?:[\s_-]?(?:choice|option|letter|key|index))?\b"
        rf"(?:{_ABOUT}\s{COPULA}\b\s?[:,]?|{_NEARBY}\s?[:=→]|\s[-–—]\s)",
        r"\banswer\s(?=\(?(?-i:[A-Z])\)?(?:[.\n]|\Z))",
    ),
    # `Answer` or `Conclusion:` as the heading of what follows.
    _cue(
        "heading",
        r"^(?:the\s)?(?:(?:final|correct|best|my)\s)?answer(?:\schoice)?\n+",
        r"^(?:final|choice|letter|prediction|output|response|solution|result|conclusion|diagnosis)\s?:",
    ),
    # `The correct option is C`, `Best choice: C`.
    _cue(
        "choice cue",
        rf"\b{_RANK}\s(?:option|choice|selection|response)(?:{_ABOUT}\s{COPULA}\b\s?[:,]?|{_NEARBY}\s?:)",
    ),
    # A line about the answer or the best of something that ends in `is:`.
    _cue(
        "colon line",
        r"^(?!(?:if|unless)\b)[^\n]{0,400}?\b(?:answer|option|choice|solution|best|most\s\w+)\b"
        r"[^\n]{0,300}\b(?:is|are|be):\s?\n+",
    ),
    # `I would choose C`, `Select C`.
    _cue(
        "choosing",
        r"\b(?:I|we)(?:\s?['’](?:d|ll|m)|\s(?:would|will|must|should|am|are))?\s"
        r"(?:choose|select|pick|go(?:ing)?\swith|opt\sfor|settle\son|vote\sfor|answer)\b:?",
        r"(?:^|[.!?]\s)(?:choose|select|pick)\b:?",
        r"\bI(?:['’]d|\swould)?\ssay\s(?=\(?(?-i:[A-Z])\)?\s?(?:[.!\n]|\Z))",
    ),
    # `… no, wait, C.`
    _cue(
        "correction",
        r"\b(?:wait|actually|correction|I\smean|make\sthat)\b[,:–—-]{0,2}\s(?=\(?(?-i:[A-Z])\)?\s?(?:[.!\n]|\Z))",
    ),
)
