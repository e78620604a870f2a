"""What stands after an answer cue: a letter, an option's text, several letters, or none of the options."""

import re

from openmedlm.metrics.answer_parsing.options import OptionTexts
from openmedlm.metrics.answer_parsing.parsed_answer import ParsedAnswer

_WINDOW = 400
_OPEN = r"[\s\"'“”‘’(\[{<:=–—→-]{0,12}"
_HEDGE = (
    r"(?:(?:most|more|very|likely|probably|definitely|therefore|thus|indeed|clearly|simply|actually|still)\b,?\s?){0,3}"
)
_NOUN = r"(?:(?:the\s)?(?:correct\s|best\s|letter\s)?(?:option|choice|letter|answer)\b\s?(?:is\b)?)?"
_START = re.compile(rf"{_OPEN}{_HEDGE}{_OPEN}{_NOUN}{_OPEN}", re.IGNORECASE)
_LETTER = re.compile(r"([A-Za-z])(?!\w|['’]\w)")
_SEPARATOR = re.compile(r"[\"'”’)\]}]{0,4} ?[.:,;)(\[–—-]?[\"'”’)\]}]{0,3} ?")
_NOT_BUT = re.compile(r"not\s[^.\n]{1,60}?\bbut\s", re.IGNORECASE)
_NONE = re.compile(
    r"(?:none\b|null\b|n/a\b|unknown\b|not\s(?:listed|available|provided|applicable|given|possible|determin\w+)|"
    r"(?:unable|impossible)\sto|(?:can\s?not|can't|could\snot)\s(?:be\s)?(?:determine|answer|given|provide)|"
    r"undetermin|insufficient|no\s(?:correct|option|answer)|information\snot)",
    re.IGNORECASE,
)
_CONNECTIVE = (
    r"(?:because|since|as|due|given|based|which|where|who|when|is|was|are|for|so|in|on|at|of|from|with|without|by|to|"
    r"according|and|or|but|not|while|per|if|would|will|should|has|have|that|it)\b"
)
_GOES_ON = re.compile(rf"\s{_CONNECTIVE}")
_DENIED = re.compile(
    r"\s(?:is|was|are|seems|can)\s?(?:not|n't|incorrect|wrong|false|unlikely|less|excluded|ruled)\b", re.IGNORECASE
)
_TEXT_DENIED = re.compile(
    r"\s(?:is|was|are|were)\s(?:not\s(?:right|correct|the\b)|incorrect|wrong|false|unlikely|excluded|ruled)\b",
    re.IGNORECASE,
)
TEXT_ENDS = re.compile(
    rf"\s?(?:$|[!?;:\n)\]}}\"'”’(–—]|\.(?!\d)|-\s|,\s?(?:{_CONNECTIVE}|the\b|this\b|\n|\"|')|"
    r"(?:because|since|as|due|given|based|which|is|was|are|would|according)\b)",
    re.IGNORECASE,
)
_AND = r"(?:\s?(?:,\s?(?:and\b|or\b)?|&|/|\+)\s?|\s(?:and/or|and|or|as\swell\sas)\s)"
_ANOTHER = re.compile(
    rf"[\"')\]]{{0,2}}{_AND}(?:(?:possibly|perhaps|maybe|even|option|choice)\s)?[\"'(\[]{{0,2}}([A-Z])"
    r"(?=[\"')\].,:;]|\s?(?:$|\n|and\b|or\b|&|/|\+|are\b))",
    re.IGNORECASE,
)
_BOTH = re.compile(rf"(?:both|either)\s(?:option\s)?\(?[A-Z]\)?{_AND}", re.IGNORECASE)
_NEXT_LABEL = re.compile(r"(?:,|;|\sand|\sor|\s&|/)?\s{0,2}(?:option\s)?\(?([A-Z])[).:](?=\s?\w)", re.IGNORECASE)
_LABEL_BEHIND = re.compile(r"\.?\s?\(?(?:option\s)?\(?([A-Z])\)", re.IGNORECASE)


def read_payload(text: str, start: int, choices: OptionTexts, rule: str) -> ParsedAnswer | None:
    """Reads what the cue that ends at `start` gives; None where it gives nothing that names or excludes an option."""
    window = text[start : start + _WINDOW]
    opened = _START.match(window)
    begin = opened.end() if opened else 0
    instead = _NOT_BUT.match(window, begin)
    if instead is not None:
        begin = instead.end()
    given = window[begin:]
    if _BOTH.match(given):
        return ParsedAnswer(None, "several")
    by_text = read_text(given, choices, rule)
    if by_text is not None:
        return by_text
    if _NONE.match(given):
        return ParsedAnswer(None, "none of them")
    match = _LETTER.match(given)
    if match is None or (match[1].islower() and not _set_off(text[: start + begin], given[match.end() :])):
        return None
    return _by_letter(match[1].upper(), given[match.end() :], choices, rule)


def read_text(text: str, choices: OptionTexts, rule: str) -> ParsedAnswer | None:
    """Reads one option's whole text at the start of this one; None where there is none, or where the text goes on."""
    named = choices.named_at_start(text)
    return _by_text(named[0], named[1], choices, rule) if named is not None and TEXT_ENDS.match(named[1]) else None


def _by_text(letter: str, after: str, choices: OptionTexts, rule: str) -> ParsedAnswer | None:
    """An option's text; a letter that stands behind it, as in `Aspirin (C)`, must be the option's own."""
    if _TEXT_DENIED.match(after):
        return None
    label = _LABEL_BEHIND.match(after)
    if label is not None and label[1].upper() in choices.letters and label[1].upper() != letter:
        return ParsedAnswer(None, "conflict")
    return ParsedAnswer(letter, rule)


def _by_letter(letter: str, after: str, choices: OptionTexts, rule: str) -> ParsedAnswer | None:
    """A letter; a text that stands behind it, as in `C. Aspirin`, must not be another option's."""
    if _DENIED.match(after):
        return None
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
        is_worse = rest[len(line) - len(named[1]) :] if named is not None else ""
        if _TEXT_DENIED.match(is_worse):
            return None
        if _lists_another(is_worse, choices):
            return ParsedAnswer(None, "several")
    elif line and not _plausible_text(after, marks, line, choices):
        return None
    if named is not None and named[0] != letter and TEXT_ENDS.match(named[1]):
        return ParsedAnswer(None, "conflict")
    return ParsedAnswer(letter, rule)


def _lists_another(is_worse: str, choices: OptionTexts) -> bool:
    """Whether the next labelled option follows directly, so that the first was no answer but the head of a list."""
    label = _NEXT_LABEL.match(is_worse)
    return label is not None and choices.begins_like(label[1].upper(), is_worse[label.end() :])


def _plausible_text(after: str, marks: str, line: str, choices: OptionTexts) -> bool:
    """Whether what follows a letter, and is not its option's text, leaves it a letter.

    `C because …` and `C. The patient …` do; `A patient`, `C-reactive protein` and `E. coli` are words.
    """
    if re.match(r"[-–]\w", after):
        return False
    if not marks:
        return bool(_GOES_ON.match(after))
    return not (marks == "." and line[0].islower() and choices.texts)


def _set_off(before: str, after: str) -> bool:
    """Whether a small letter is set off as an answer; an article never is."""
    if re.match(r"[)\].\"'}:]|\s?\n", after):
        return True
    return not after.strip() and before.rstrip()[-1:] in (":", "=", "{", "(", "[", ">", '"', "'")
