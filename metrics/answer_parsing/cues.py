"""Answer cues: phrases that are followed by the answer, a letter or a text."""

import re
from typing import NamedTuple


class Cue(NamedTuple):
    """A named phrase; the answer starts where the match of its pattern ends.

    No pattern matches across an empty line, except for empty lines at its end. A text with a match contains one of
    `needs`, in lower case: the search for these is much faster than the pattern.
    """

    name: str
    needs: tuple[str, ...]
    pattern: re.Pattern[str]


COPULA = r"(?:is|was|remains|(?:would|should|must|will|could\sonly|has\sto|seems\sto|appears\sto)\sbe)"
_ABOUT = r"(?:\s(?:to|for|of|here|in|among|from|that|based|according)\b[^.:\n]{0,200}?)?"
_NEARBY = r"(?:\s(?:to|for|of|here|in|among|from)\b[^.:,\n]{0,60}?)?"
_RANK = r"(?:correct|right|best|final|only|chosen|selected|my|(?:most|more)\s\w{4,14})"


def _cue(name: str, needs: tuple[str, ...], *patterns: str) -> Cue:
    return Cue(name, needs, re.compile("|".join(patterns), re.IGNORECASE | re.MULTILINE))


_LAST_LETTER = r"(?=\(?(?-i:[A-Z])\)?\s?(?:[.!\n]|\Z))"

# `"answer_choice": "C"`, in valid or broken JSON: the closing quote of the key and the colon are enough.
FIELD = _cue(
    "json field",
    ('":', '" :', "':", "' :", '"\n:', "'\n:"),
    r"\b(?:(?:final|correct|predicted|selected|chosen)[_\s]?)?"
    r"(?:answer(?:[_\s]?(?:choice|letter|option|index|idx|id))?|choice|prediction|(?<=[a-z][_\s])option)\\?[\"']\s?:\s?",
)

_FIRST_KEYS = ("letter", "option", "final", "response", "result", "selection", "output", "solution", "verdict")

CUES: tuple[Cue, ...] = (
    FIELD,
    # `{"letter": "C"}`: the first key of an object that is the whole text.
    _cue(
        "json field",
        ("{",),
        rf"\A(?:json\s)?\{{\s?[\"'](?:{'|'.join(_FIRST_KEYS)})[\"']\s?:\s?",
    ),
    # `\boxed{C}`; JSON often loses the backslash.
    _cue("boxed", ("boxed", "fbox"), r"\b(?:boxed|fbox)\s?\{"),
    # `<answer>C</answer>`, and the field marker of a DSPy chat prompt.
    _cue(
        "answer tag",
        ("<", "[[", "[answer"),
        r"<\s?(?:final_?)?(?:answer|choice|option|letter|response|output|result)\s?>",
        r"\[answer\]\s?:?",
        r"\[\[ ?#+ ?answer ?#+ ?\]\]",
    ),
    # `The answer to the question is C`, `Answer choice: C`, `so answer C.`
    _cue(
        "answer cue",
        ("ans",),
        r"\b(?:answer|ans\.?)(?:[\s_-]?(?:choice|option|letter|key|index))?\b"
        rf"(?:(?:{_ABOUT}\s{COPULA}|['’]s)\b\s?[:,]?|{_NEARBY}\s?(?:[-=]{{1,2}}>|[:=→|])|\s[-–—]\s)",
        r"\b(?:answer|ans\.)\s(?=\(?(?-i:[A-Z])\)?(?:[.\n]|\Z))",
    ),
    # `Answer` or `Conclusion:` as the heading of what follows.
    _cue(
        "heading",
        (
            "answer",
            "final",
            "choice",
            "letter",
            "prediction",
            "output",
            "response",
            "solution",
            "result",
            "conclusion",
            "diagnosis",
            "a:",
        ),
        r"^(?:the\s)?(?:(?:final|correct|best|my)\s)?answer(?:\schoice)?\n+",
        r"^A:\s(?=\(?(?-i:[A-Z])\)?(?:\.?(?:\n|\Z)|[.:]?\s(?-i:[A-Z])))",
        r"^(?:final|choice|letter|prediction|output|response|solution|result|conclusion|diagnosis)\s?:",
    ),
    # `The correct option is C`, `Best choice: C`.
    _cue(
        "choice cue",
        ("option", "choice", "selection", "response"),
        rf"\b{_RANK}\s(?:option|choice|selection|response)(?:(?:{_ABOUT}\s{COPULA}|['’]s)\b\s?[:,]?|{_NEARBY}\s?:)",
    ),
    # A line about the answer or the best of something that ends in `is:`.
    _cue(
        "colon line",
        (":\n",),
        r"^(?!(?:if|unless)\b)[^\n]{0,400}?\b(?:answer|option|choice|solution|best|most\s\w+)\b"
        r"[^\n]{0,300}\b(?:is|are|be):\s?\n+",
    ),
    # `I would choose C`, `Select C`.
    _cue(
        "choosing",
        (
            *(
                "choose",
                "select",
                "pick",
                "go with",
                "going with",
                "opt for",
                "settle on",
                "vote for",
                "say",
                "i think",
                "i guess",
                "i believe",
                "i suspect",
            ),
            *("i answer", "we answer", "d answer", "ll answer", "must answer", "am answer"),
        ),
        r"\b(?:I|we)(?:\s?['’](?:d|ll|m)|\s(?:would|will|must|should|am|are))?\s"
        r"(?:choose|select|pick|go(?:ing)?\swith|opt\sfor|settle\son|vote\sfor|answer)\b:?",
        r"(?:^|[.!?]\s)(?:choose|select|pick)\b:?",
        r"\bI(?:['’]d|\swould)?\s(?:say|think|guess|believe|suspect)\s(?:it['’]?s\s|it\sis\s)?(?=\(?(?-i:[A-Z])\)?\s?[.!]?\Z)",
        r"\bI(?:['’]d|\swould)?\ssay\s(?=\(?(?-i:[A-Z])\)?\s?(?:[.!\n]|\Z))",
    ),
    # `… no, wait, C.`
    _cue(
        "correction",
        (
            "wait",
            "actually",
            "correction",
            "sorry",
            "oops",
            "rather",
            "i mean",
            "make that",
            "that should",
            "reflection",
            "second thought",
        ),
        r"\b(?:wait|actually|correction|sorry|oops|rather|I\smean|I\smeant|make\sthat|that\sshould\sbe|"
        r"on\s(?:reflection|second\sthought))\b[,:–—-]{0,2}\s(?:(?:it['’]?s|it\sis|option|no)\b,?\s){0,2}"
        + _LAST_LETTER,
    ),
    # `Probably C.`
    _cue(
        "correction",
        ("probably", "likely", "definitely", "certainly", "clearly", "surely"),
        r"(?:^|[.!?]\s)(?:probably|most\slikely|likely|definitely|certainly|clearly|surely)\s" + _LAST_LETTER,
    ),
    # `B? No, C.`
    _cue("correction", ("no, ", "no. "), r"(?:\bno,|\?\sno\.)\s" + _LAST_LETTER),
    # `Not B, but C.`
    _cue(
        "correction",
        (" but ",),
        r"\bnot\s(?:option\s)?\(?(?-i:[A-Zǂ])\)?,?\sbut(?:\srather)?\s" + _LAST_LETTER,
    ),
)
