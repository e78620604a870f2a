"""Rules for explicit declarations: a cue before the answer, or a phrase that calls a letter the answer."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from openmedlm.metrics.answer_parsing.cue_payload import parse_payload
from openmedlm.metrics.answer_parsing.cues import COPULA, CUES, FIELD, Cue
from openmedlm.metrics.answer_parsing.denials import denied_before
from openmedlm.metrics.answer_parsing.languages import languages_of
from openmedlm.metrics.answer_parsing.options import OptionTexts
from openmedlm.metrics.answer_parsing.parsed_answer import ParsedAnswer

_MAX_DECLARATIONS = 50
_SUBJECT = r"(?:^|[.,;:\n(]\s?|\b(?:so|therefore|thus|hence|that|and|only)\s)(?:(?:the|answer)\s){0,2}"
_BEING = rf"\s{COPULA}\s(?:(?:therefore|thus|likely|probably|clearly|also)\s)?"
_RANK = r"(?:correct|right|best|final|only|single|(?:most|more)\s\w+)\s"
_TEXT = r"(?:[.):,]\s?(?:(?!\s(?:is|are|was|not|but|so|while|whereas|than)\b)[^.\n]){1,120}?,?)?"
_CALLED = (
    *("answer", "option", "choice"),
    *("diagnosis", "cause", "explanation", "treatment", "step", "management", "mechanism", "finding"),
)
_CALLED_ANSWER = re.compile(
    rf"{_SUBJECT}(?:(?:option|choice)\s)?\(?(?-i:([A-Z]))\)?{_TEXT}{_BEING}(?:the\s|my\s)?"
    rf"(?:(?:{_RANK}){{0,2}}(?:{'|'.join(_CALLED[:3])})|(?:{_RANK}){{1,2}}(?:{'|'.join(_CALLED[3:])}))\b",
    re.IGNORECASE,
)
_CALLED_CORRECT = re.compile(
    rf"(?:\b(?:option|choice|think|believe|that|but|so|only|look|glance|inspection|review)\s|(?:^|[.!?\n]\s?))\(?(?-i:([A-Z]))\)?{_BEING}"
    r"(?:correct|right)(?=[.,;\n]|\s(?:because|as|since)\b|$)",
    re.IGNORECASE,
)
# `D) Correct.` in a list of verdicts
_VERDICT = re.compile(
    r"(?:^|\n)(?:option\s|choice\s)?\(?(?-i:([A-Z]))[).:]{1,2}\s?(?:this\sis\s)?(?:the\s)?(?:correct|right)(?:\s(?:answer|option|choice))?"
    r"(?=[.,;!\n]|\s(?:because|as|since)\b|$)",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"(?:^|[.!?\n]\s?)(?:had|were|should)\s(?:she|he|they|it|the|this|there)\b[^.!?\n]*$|"
    r"(?:\b(?:if|whether|unless)|(?:\bnot|n['’]t)\s(?:think|believe|say|mean))\b[^.!?\n]*$|"
    r"\bto\s(?:determine|find|identify|choose|select|reach|arrive\sat)\b[^.,\n]*$",
    re.IGNORECASE,
)
_CONCLUSION = re.compile(
    r"(?:\b(?:so|therefore|thus|hence)(?:,|\b)(?:\s(?:it['’]s|it\sis))?|[.!?,;]\s(?:but\s)?(?:it['’]s|it\sis))\s"
    r"[\"'(]?(?-i:([A-Z]))[\"')]?[.!]?$",
    re.IGNORECASE,
)
_MAX_CONDITION_CHARACTERS = 20
"""Length limit of the fixed part of a condition, which may start in the previous sentence."""

_MORE_FIELDS = re.compile(
    r"(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'|[^\"'\n,}]{1,50}),\s{0,3}[\"']\w{1,40}[\"']\s?:", re.IGNORECASE
)


class _Declaration(NamedTuple):
    end: int
    name: str
    letter: str


def explicit_cue(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Return the last declaration of an answer, since a model may correct itself."""
    paragraph = text.rfind("\n\n") + 2
    # No cue matches across an empty line, so a declaration in the last paragraph is the last of the text.
    return (_last_declared(text, paragraph, choices) if paragraph > 1 else None) or _last_declared(text, 0, choices)


def _last_declared(text: str, start: int, choices: OptionTexts) -> ParsedAnswer | None:
    for declaration in sorted(_declarations(text, start), reverse=True)[:_MAX_DECLARATIONS]:
        if declaration.letter:
            if declaration.letter in choices.letters:
                return _or_conclusion(text, ParsedAnswer(declaration.letter, declaration.name), choices)
            continue
        if declaration.name != FIELD.name and denied_before(text, declaration.end):
            continue
        parsed = parse_payload(text, declaration.end, choices, declaration.name)
        if parsed is not None:
            return _or_conclusion(text, parsed, choices)
        if declaration.name == FIELD.name and text[declaration.end :].strip(" \"'\n}"):
            return ParsedAnswer(None, "unreadable")
    return None


def _or_conclusion(text: str, declared: ParsedAnswer, choices: OptionTexts) -> ParsedAnswer:
    """Return the letter of a last sentence such as `So it's C.`, or else the declared answer."""
    match = _CONCLUSION.search(text, max(0, len(text) - 40))
    if match is None or match[1] not in choices.letters or declared.letter in (None, match[1]):
        return declared
    return declared if conditional(text, match.start(1)) else ParsedAnswer(match[1], "conclusion")


def called_correct(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Return C for `Option C is correct`, if no other option is called so: several statements may be correct."""
    patterns = (_CALLED_CORRECT, _VERDICT, *(language.called_correct for language in languages_of(text)))
    letters = {
        match[match.lastindex or 1]
        for pattern in patterns
        for match in pattern.finditer(text)
        if not conditional(text, match.start())
    }
    letter = letters.pop() if len(letters) == 1 else None
    return ParsedAnswer(letter, "called correct") if letter in choices.letters else None


def conditional(text: str, at: int) -> bool:
    """Return True if the sentence before this position is a condition or a denial, so that no declaration follows."""
    start, end = max(0, at - 120), at - text.endswith("\n", 0, at)
    sentence = max(text.rfind(stop, start, end) for stop in ".\n") + 1
    if sentence == end:
        return False
    return bool(_CONDITION.search(text, max(start, sentence - _MAX_CONDITION_CHARACTERS), end))


def _declarations(text: str, start: int) -> Iterator[_Declaration]:
    lowered = text.lower()
    low, high = _after_last_field(text, lowered)
    foreign = (Cue("answer cue", language.needs, language.cue) for language in languages_of(text))
    for cue in (*CUES, *foreign):
        if not any(map(lowered.__contains__, cue.needs)):
            continue
        for match in cue.pattern.finditer(text, start):
            if cue is FIELD or not (low <= match.start() < high or conditional(text, match.start())):
                yield _Declaration(match.end(), cue.name, "")
    if not any(map(lowered.__contains__, _CALLED)):
        return
    for match in _CALLED_ANSWER.finditer(text, start):
        if not (low <= match.start() < high or conditional(text, match.start())):
            yield _Declaration(match.end(), "called the answer", match[1])


def _after_last_field(text: str, lowered: str) -> tuple[int, int]:
    """Return the range of the fields after the last answer field of a JSON object.

    A cue there is part of an explanation, not a later answer.
    """
    if not any(map(lowered.__contains__, FIELD.needs)):
        return 0, 0
    end = -1
    for match in FIELD.pattern.finditer(text):
        end = match.end()
    follows = _MORE_FIELDS.match(text, end) if end >= 0 else None
    if follows is None:
        return 0, 0
    close = text.find("}", follows.end())
    return end, len(text) if close < 0 else close
