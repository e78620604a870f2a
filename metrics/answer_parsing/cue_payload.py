"""Parsing of the text after an answer cue: a letter, the text of an option, several letters, or no option."""

import re

from openmedlm.metrics.answer_parsing.denials import text_denied
from openmedlm.metrics.answer_parsing.foreign_phrases import AFTER_LETTER, AND, BECAUSE
from openmedlm.metrics.answer_parsing.options import OptionTexts
from openmedlm.metrics.answer_parsing.parsed_answer import ParsedAnswer

_WINDOW_CHARACTERS = 400
# Signs before a number belong to it.
_OPEN = (
    r"(?:[\s\"'“”‘’(\[{:|→]|[<=](?![\s><=–−-]{0,3}\.?\d|[\s\"')\]}.]{0,4}$)|"
    r"[-–—](?!\s{0,2}(?:\.?\d|[\"')\]}.]{0,3}$))){0,12}"
)
_HEDGE = (
    r"(?:(?:most|more|very|likely|probably|definitely|therefore|thus|indeed|clearly|simply|actually|still)\b,?\s?){0,3}"
)
_NOUN = r"(?:(?:the\s)?(?:correct\s|best\s|letter\s)?(?:option|choice|letter|answer)\b\s?(?:is\b)?)?"
_START = re.compile(rf"{_OPEN}{_HEDGE}{_OPEN}{_NOUN}{_OPEN}", re.IGNORECASE)
# An East Asian word may follow a letter without a space.
_LETTER = re.compile(r"([A-Za-z])(?![^\W⺀-힣]|['’]\w)")
_SEPARATOR = re.compile(r"[\"'”’“‘)\]}>]{0,4} ?(?:[.:,;!)(\[|]|[-–—](?!\s?\.?\d))?[\"'”’)\]}]{0,3} ?")
_NOT_BUT = re.compile(r"not\s[^.\n]{1,60}?\bbut\s", re.IGNORECASE)
_NONE = re.compile(
    r"(?:none\b|null\b|n/a\b|unknown\b|not\s(?:listed|available|provided|applicable|given|possible|determin\w+)|"
    r"(?:unable|impossible)\sto|(?:can\s?not|can't|could\snot)\s(?:be\s)?(?:determine|answer|given|provide)|"
    r"undetermin|insufficient|no\s(?:correct|option|answer)|information\snot)",
    re.IGNORECASE,
)
_CONNECTIVE = (
    r"(?:because|since|as|due|given|based|which|where|who|when|is|was|are|for|so|in|on|at|of|from|with|without|by|to|"
    r"according|and|or|but|not|while|per|if|would|will|should|has|have|that|it|rather|instead|over)\b"
)
_CONTINUES = re.compile(rf"\s(?:{_CONNECTIVE}|{BECAUSE}\b)|\s?{AFTER_LETTER}")
TEXT_ENDS = re.compile(
    rf"\s?(?:$|[!?;\n)\]}}\"'”’(]|[:–—](?!\s?\d)|\.(?!\d)|-\s(?!\d)|,\s?(?:{_CONNECTIVE}|the\b|this\b|\n|\"|')|"
    r"(?:because|since|as|due|given|based|which|is|was|are|would|according)\b|입니다|이다|です|である|だ)",
    re.IGNORECASE,
)
_AND = r"(?:\s?(?:,\s?(?:and\b|or\b)?|&|/|\+)\s?|\s(?:and/or|and|or|as\swell\sas)\s|" + f"{AND})"
_ANOTHER = re.compile(
    rf"[\"')\]]{{0,2}}{_AND}(?:(?:possibly|perhaps|maybe|even|option|choice)\s)?[\"'(\[]{{0,2}}([A-Z])"
    r"(?=[\"')\].,:;]|\s?(?:$|\n|and\b|or\b|&|/|\+|are\b))",
    re.IGNORECASE,
)
_BOTH = re.compile(rf"(?:both|either)\s(?:option\s)?\(?[A-Z]\)?{_AND}", re.IGNORECASE)
_NEXT_LABEL = re.compile(r"(?:,|;|\sand|\sor|\s&|/)?\s{0,2}(?:option\s)?\(?([A-Z])[).:](?=\s?\w)", re.IGNORECASE)
_LABEL_AFTER = re.compile(r"\.?\s?\(?(?:option\s)?\(?([A-Z])\)", re.IGNORECASE)


def parse_payload(text: str, start: int, choices: OptionTexts, rule: str) -> ParsedAnswer | None:
    """Parse the text after the cue that ends at `start`; None if it neither names nor excludes an option."""
    window = text[start : start + _WINDOW_CHARACTERS]
    opened = _START.match(window)
    begin = opened.end() if opened else 0
    correction = _NOT_BUT.match(window, begin)
    if correction is not None:
        begin = correction.end()
    payload = window[begin:]
    if _BOTH.match(payload):
        return ParsedAnswer(None, "several")
    by_text = parse_option_text(payload, choices, rule)
    if by_text is not None:
        return by_text
    if _NONE.match(payload):
        return ParsedAnswer(None, "none of them")
    match = _LETTER.match(payload)
    if match is None or (match[1].islower() and not _set_off(text[: start + begin], payload[match.end() :])):
        return None
    return _by_letter(match[1].upper(), payload[match.end() :], choices, rule)


def parse_option_text(text: str, choices: OptionTexts, rule: str) -> ParsedAnswer | None:
    """Parse the whole text of one option at the start of this text; None if there is none, or if the text continues."""
    named = choices.named_at_start(text)
    return _by_text(named[0], named[1], choices, rule) if named is not None and TEXT_ENDS.match(named[1]) else None


def _by_text(letter: str, after: str, choices: OptionTexts, rule: str) -> ParsedAnswer | None:
    """Return the answer of an option's text; a letter after it, as in `Aspirin (C)`, must be that of the option."""
    if text_denied(after):
        return None
    label = _LABEL_AFTER.match(after)
    if label is not None and label[1].upper() in choices.letters and label[1].upper() != letter:
        return ParsedAnswer(None, "conflict")
    return ParsedAnswer(letter, rule)


def _by_letter(letter: str, after: str, choices: OptionTexts, rule: str) -> ParsedAnswer | None:
    """Return the answer of a letter; a text after it, as in `C. Aspirin`, must not be that of another option."""
    another = _ANOTHER.match(after)
    if another is not None and another[1].upper() in choices.letters:
        return ParsedAnswer(None, "several")
    separator = _SEPARATOR.match(after)
    end = separator.end() if separator else 0
    marks, rest = after[:end].strip(), after[end:]
    line = rest.split("\n", 1)[0]
    if letter not in choices.letters:
        return ParsedAnswer(None, "no such option") if marks or not line else None
    named = choices.named_at_start(line)
    if choices.begins_like(letter, line):
        after_text = rest[len(line) - len(named[1]) :] if named is not None else ""
        if _lists_another(after_text, choices):
            return ParsedAnswer(None, "several")
    elif line and not _plausible_text(after, marks, line, choices):
        return None
    if named is not None and named[0] != letter and TEXT_ENDS.match(named[1]):
        return ParsedAnswer(None, "conflict")
    return ParsedAnswer(letter, rule)


def _lists_another(after_text: str, choices: OptionTexts) -> bool:
    """Return True if the next labelled option follows directly, so that the first starts a list."""
    label = _NEXT_LABEL.match(after_text)
    return label is not None and choices.begins_like(label[1].upper(), after_text[label.end() :])


def _plausible_text(after: str, marks: str, line: str, choices: OptionTexts) -> bool:
    """Return True if a letter is an answer although the text after it is not that of its option.

    This holds for `C because …` and `C. The patient …`, but not for `A patient`, `C-reactive protein` and `E. coli`.
    """
    if re.match(r"[-–]\w", after):
        return False
    if not marks and line[0] not in "-–—−":
        return bool(_CONTINUES.match(after))
    return not (marks == "." and line[0].islower() and choices.texts)


def _set_off(before: str, after: str) -> bool:
    """Return True if punctuation marks a lower-case letter as an answer, which it never does for an article."""
    if re.match(r"[)\].\"'}:]|\s?\n", after):
        return True
    return not after.strip() and before.rstrip()[-1:] in (":", "=", "{", "(", "[", ">", '"', "'")
