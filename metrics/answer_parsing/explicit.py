"""Places where a completion says that what follows, or what precedes, is its answer."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from openmedlm.metrics.answer_parsing.cues import COPULA, CUES, FIELD
from openmedlm.metrics.answer_parsing.json_payload import read_payload
from openmedlm.metrics.answer_parsing.options import OptionTexts
from openmedlm.metrics.answer_parsing.parsed_answer import ParsedAnswer

_MOST_PLACES = 50
_SUBJECT = r"(?:^|[.,;:\n(]\s?|\b(?:so|therefore|thus|hence|that|and|only)\s)(?:(?:the|answer)\s){0,2}"
_BEING = rf"\s{COPULA}\s(?:(?:therefore|thus|likely|probably|clearly|also)\s)?"
_RANK = r"(?:correct|right|best|final|only|single|(?:most|more)\s\w+)\s"
_TEXT = r"(?:[.):,]\s?(?:(?!\s(?:is|are|was|not|but|so|while|whereas|than)\b)[^.\n]){1,120}?,?)?"
_CALLED_ANSWER = re.compile(
    rf"{_SUBJECT}(?:(?:option|choice)\s)?\(?(?-i:([A-Z]))\)?{_TEXT}{_BEING}(?:the\s|my\s)?"
    rf"(?:(?:{_RANK}){{0,2}}(?:answer|option|choice)|"
    rf"(?:{_RANK}){{1,2}}(?:diagnosis|cause|explanation|treatment|step|management|mechanism|finding))\b",
    re.IGNORECASE,
)
_CALLED_CORRECT = re.compile(
    rf"(?:\b(?:option|choice|think|believe|that)\s|(?:^|[.!?\n]\s?))\(?(?-i:([A-Z]))\)?{_BEING}"
    r"(?:correct|right)(?=[.,;\n]|\s(?:because|as|since)\b|$)",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"(?:\b(?:if|whether|unless)|(?:\bnot|n['’]t)\s(?:think|believe|say|mean))\b[^.!?\n]*$|"
    r"\bto\s(?:determine|find|identify|choose|select|reach|arrive\sat)\b[^.,\n]*$",
    re.IGNORECASE,
)
_LONGEST_CONDITION = 20
"""Characters that the fixed part of a condition takes, at most; it may stand across the end of a sentence."""

_MORE_FIELDS = re.compile(
    r"(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'|[^\"'\n,}]{1,50}),\s{0,3}[\"']\w{1,40}[\"']\s?:", re.IGNORECASE
)


class _Place(NamedTuple):
    end: int
    name: str
    letter: str


def explicit_cue(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """The last place where the text declares its answer, since a model may correct itself."""
    paragraph = text.rfind("\n\n") + 2
    # No cue goes over an empty line, so what the last paragraph declares is the last that the text declares.
    return (_declared(text, paragraph, choices) if paragraph > 1 else None) or _declared(text, 0, choices)


def _declared(text: str, start: int, choices: OptionTexts) -> ParsedAnswer | None:
    for place in sorted(_places(text, start), reverse=True)[:_MOST_PLACES]:
        if place.letter:
            if place.letter in choices.letters:
                return ParsedAnswer(place.letter, place.name)
            continue
        reading = read_payload(text, place.end, choices, place.name)
        if reading is not None:
            return reading
        if place.name == FIELD.name and text[place.end :].strip(" \"'\n}"):
            return ParsedAnswer(None, "unreadable")
    return None


def called_correct(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """`Option C is correct`, where the text says so of no other option: several may be correct statements."""
    letters = {match[1] for match in _CALLED_CORRECT.finditer(text) if not conditional(text, match.start())}
    letter = letters.pop() if len(letters) == 1 else None
    return ParsedAnswer(letter, "called correct") if letter in choices.letters else None


def conditional(text: str, at: int) -> bool:
    """Whether the sentence up to this place is a condition or a denial, so that what follows declares nothing."""
    start, end = max(0, at - 120), at - text.endswith("\n", 0, at)
    sentence = max(text.rfind(stop, start, end) for stop in ".\n") + 1
    if sentence == end:
        return False
    return bool(_CONDITION.search(text, max(start, sentence - _LONGEST_CONDITION), end))


def _places(text: str, start: int) -> Iterator[_Place]:
    low, high = _behind_last_field(text)
    for cue in CUES:
        for match in cue.pattern.finditer(text, start):
            if cue is FIELD or not (low <= match.start() < high or conditional(text, match.start())):
                yield _Place(match.end(), cue.name, "")
    for match in _CALLED_ANSWER.finditer(text, start):
        if not (low <= match.start() < high or conditional(text, match.start())):
            yield _Place(match.end(), "called the answer", match[1])


def _behind_last_field(text: str) -> tuple[int, int]:
    """Where further fields follow the last answer field of an object: an explanation there is no later word."""
    if '"' not in text and "'" not in text:
        return 0, 0
    end = -1
    for match in FIELD.pattern.finditer(text):
        end = match.end()
    follows = _MORE_FIELDS.match(text, end) if end >= 0 else None
    if follows is None:
        return 0, 0
    close = text.find("}", follows.end())
    return end, len(text) if close < 0 else close
