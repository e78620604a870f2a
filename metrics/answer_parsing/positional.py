"""Rules by position: a letter alone, first or last."""

import re

from openmedlm.metrics.answer_parsing.cue_payload import parse_payload
from openmedlm.metrics.answer_parsing.options import OptionTexts
from openmedlm.metrics.answer_parsing.parsed_answer import ParsedAnswer

_LONE = re.compile(
    r"[\"'(\[{<]{0,3}(?:(?:option|choice)\s)?\(?([A-Z])[\"')\]}>]{0,3}[.:,;?]?[\"']?(?=\s?(?:\n|$))", re.IGNORECASE
)
_LABEL = re.compile(r"\(?([A-Z])[).:]\s?(?=\S)")
_INLINE_LABEL = re.compile(r"(?:^|[\s,;])\(?([A-Z])[).:]\s", re.MULTILINE)
_OPENING = re.compile(
    r"(?:(?:probably|(?:most\s)?likely|definitely)\s)?(?:option\s|choice\s)?\(?(?-i:([A-Z]))"
    r"(?:[).:;!]|,\s?(?:because|since|as)\b|\s[-–—]\s|\s(?:because|since|as|due)\b|$|\s(?P<text>))",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(
    r"(?:\b(?:is|be|are|was|of|with|by|to|option|choice|so|therefore|thus|hence|it['’]s),?|[:=→?])\s"
    r"\(?(?-i:([A-Z]))\)?[.!]?$",
    re.IGNORECASE,
)
_DOUBT = re.compile(
    r"\b(?:not|cannot|neither|if|whether|unless|could|might|may|either|between|\w+n['’]t|\w+\sor)\b[^.!?\n]*$",
    re.IGNORECASE,
)


def lone_letter(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Return the letter that is the whole first line, whatever a small model writes after it."""
    match = _LONE.match(text)
    if match is None or match[1].upper() not in choices.letters:
        return None
    return ParsedAnswer(match[1].upper(), "lone letter")


def last_line(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Return the letter of a last line that is a letter or a labelled option, unless it ends a list of options."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 2:
        return None
    lone = _LONE.fullmatch(lines[-1])
    if lone is not None and lone[1].upper() in choices.letters:
        return ParsedAnswer(lone[1].upper(), "last line")
    label = _LABEL.match(lines[-1])
    if label is None or _LABEL.match(lines[-2]):
        return None
    if choices.texts and not choices.begins_like(label[1], lines[-1][label.end() :]):
        return None
    parsed = parse_payload(lines[-1], 0, choices, "last line")
    return parsed if parsed is not None and parsed.letter is not None else None


def first_line(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Return the letter of a labelled option at the start of a text that labels no other option."""
    opening = _OPENING.match(text)
    if opening is None or (opening["text"] is not None and not choices.begins_like(opening[1], text[opening.end() :])):
        return None
    if labels(text, choices) - {opening[1]}:
        return None
    return parse_payload(text, 0, choices, "first line")


def labels(text: str, choices: OptionTexts) -> set[str]:
    """Return the letters that are labels anywhere in the text, as in `C) …`."""
    return {label for label in _INLINE_LABEL.findall(text) if label in choices.letters}


def last_word(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Return the letter that is the last word, after a verb or preposition."""
    match = _LAST_WORD.search(text, max(0, len(text) - 40))
    if match is None or match[1] not in choices.letters or _DOUBT.search(text[-200 : -len(match[0])]):
        return None
    return ParsedAnswer(match[1], "last word")
