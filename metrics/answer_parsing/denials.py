"""Denials: mentions of a letter that the text calls wrong, takes back, or makes depend on a condition."""

import re
from functools import lru_cache

from openmedlm.metrics.answer_parsing import denial_phrases as phrases
from openmedlm.metrics.answer_parsing.languages import languages_of
from openmedlm.metrics.answer_parsing.options import OptionTexts

_BEFORE_CHARACTERS, _AFTER_CHARACTERS = 120, 160
_MAX_MENTIONS = 100
_SHORT_CHARACTERS = 400
"""Length limit of a text in which lower-case letters count as mentions."""
_BLANK = "ǂ"
"""Replaces a denied letter: part of a word, but no letter of any question."""

_AFTER_LABEL = "\"'”’)]. :,–—-"


def denied_before(text: str, at: int) -> bool:
    """Return True if the text before this position denies what follows, as in `the wrong answer is`."""
    before = text[max(0, at - _BEFORE_CHARACTERS) : at]
    lowered = before.lower()
    for phrase in phrases.BEFORE:
        if any(map(lowered.__contains__, phrase.words)) and phrase.pattern.search(before):
            return True
    return bool(languages_of(text) and phrases.FOREIGN_BEFORE.search(before))


def text_denied(after: str) -> bool:
    """Return True if the text after the text of an option calls it wrong."""
    return bool(phrases.TEXT_WRONG.match(after))


def denied(text: str, at: int, choices: OptionTexts) -> bool:
    """Return True if the text denies the letter at this position."""
    letter, after = text[at].upper(), text[at + 1 : at + 1 + _AFTER_CHARACTERS]
    if phrases.CROSSED.match(after) or denied_before(text, at):
        return True
    condition = phrases.CONDITION_AFTER.match(after)
    if condition and phrases.UNREAL.search(text[max(0, at - _BEFORE_CHARACTERS) : at + 1 + condition.end()]):
        return True
    own = after.lstrip(_AFTER_LABEL)
    if choices.begins_like(letter, own):
        named = choices.named_at_start(own)
        return named is not None and named[0] == letter and text_denied(named[1])
    starts_line = text[:at].rstrip(" ([\"'")[-1:] in ("", "\n")
    return bool(phrases.AFTER.match(after) or (starts_line and phrases.LABELLED.match(after)))


def without_denied(text: str, letter: str, choices: OptionTexts) -> str:
    """Return the text with a blank for each mention of the letter that is denied."""
    mentions = [
        match.start()
        for match in _mention(letter, len(text) <= _SHORT_CHARACTERS).finditer(text)
        if not (match.start() and _in_word(text[match.start() - 1]))
    ]
    ends = mentions[:_MAX_MENTIONS] + mentions[_MAX_MENTIONS:][-_MAX_MENTIONS:]
    blanks = [at for at in ends if denied(text, at, choices)]
    if not blanks:
        return text
    last = mentions[-1]
    taken_back = phrases.TAKES_BACK.search(text[max(0, last - 80) : last])
    if blanks[-1] == last and taken_back and phrases.CALLED_WRONG.match(text, last + 1):
        blanks = mentions
    parts = [text[start + 1 : end] for start, end in zip([-1, *blanks], [*blanks, len(text)], strict=True)]
    return _BLANK.join(parts)


@lru_cache(maxsize=256)
def _mention(letter: str, lower_case: bool) -> re.Pattern[str]:
    """Return the pattern of a letter; in lower case it counts only if punctuation follows."""
    lower = rf"|{letter.lower()}(?= ?(?:[).:\"'}},\]\n]|$))" if lower_case else ""
    return re.compile(rf"(?:{letter}{lower})(?![A-Za-z0-9À-ɏ])" if lower else f"{letter}(?![A-Za-z0-9À-ɏ])")


def _in_word(character: str) -> bool:
    return character.isalnum() and character < "⺀"
