"""Answers in prose: an option named in the sentence that concludes."""

import re

from openmedlm.metrics.answer_parsing.explicit import conditional
from openmedlm.metrics.answer_parsing.json_payload import read_payload, read_text
from openmedlm.metrics.answer_parsing.options import OptionTexts
from openmedlm.metrics.answer_parsing.parsed_answer import ParsedAnswer
from openmedlm.metrics.answer_parsing.positional import labels

_MOST_PLACES = 50
_SENTENCE = 1_000
_LABELLED = re.compile(
    r"(?:\b(?:is|are|be|was|were|with|as):?\s{1,2}|: )(?:(?:most|likely|probably|therefore|thus|also)\s){0,2}"
    r"(?:option\s|choice\s)?[\"'(]{0,2}(?=([A-Z])(?:[).:]|\s[-–—(])\s?[\"'(]{0,2}\w)"
)
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]}]{0,3}\s(?=[\"'(]{0,2}[A-Z0-9])|\n")
_SUPERLATIVE = (
    r"\b(?:most\s(?:likely|probable|appropriate|suitable|accurate|fitting|consistent|plausible|diagnostic)|"
    r"best|greatest|next\sstep|correct|closest|consistent\swith)\b"
)
_CONCLUDES = re.compile(
    rf"(?:^\W{{0,3}}(?:so|thus|therefore|hence|overall|consequently|in\s(?:conclusion|summary)|based\son)\b|{_SUPERLATIVE})",
    re.IGNORECASE,
)
_ASSERTS = re.compile(rf"^\W{{0,3}}(?:the|this)\b[^.]{{0,60}}{_SUPERLATIVE}", re.IGNORECASE)
_DOUBTS = re.compile(
    r"\b(?:not|unlikely|incorrect|cannot|neither|nor|however|although|but|rather\sthan|less|except|exclude[sd]?|"
    r"rul(?:e|es|ed|ing)\sout|if|whether|\w+n['’]t)\b",
    re.IGNORECASE,
)
_COPULA = r"\b(?:is|are|be|was|were)\b:?\s?[\"'“]?"
_AFTER_COPULA = re.compile(_COPULA, re.IGNORECASE)
_BEFORE_TEXT = re.compile(
    rf"{_COPULA}|(?:^|\b(?:of|for|with|has|have|to|as|in|by|indeed|likely|therefore|thus)\b,?|[:\"'“])\s?[\"'“]?",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"\s(?:is|are|was|would)\b(?!\s(?:the\s)?(?:most|best|correct))", re.IGNORECASE)
_BEFORE_VERDICT = re.compile(r"^\W{0,3}(?:so|thus|therefore|hence|overall|in\s(?:conclusion|summary))\b,?\s", re.I)
_PARENTHESIS = re.compile(r"\((?:(?:option|choice|answer)\s)?([A-Z])\)", re.IGNORECASE)


def labelled_in_prose(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """`… is C) Aspirin`: a labelled option right after a verb; the last one whose text is the option's own."""
    for match in list(_LABELLED.finditer(text))[-_MOST_PLACES:][::-1]:
        if choices.texts:
            trusted = choices.begins_like(match[1], text[match.end() + 1 : match.end() + 200])
        else:
            trusted = text[match.end() + 1] == ")" and labels(text, choices) == {match[1]}
        if trusted and not conditional(text, match.start()):
            reading = read_payload(text, match.end(), choices, "labelled in prose")
            if reading is not None and reading.letter is not None:
                return reading
    return None


def opening_text(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """A text that opens with an option's whole text, set off by punctuation, answers with it."""
    named = choices.named_at_start(text[:_SENTENCE])
    if named is None:
        return None
    ends = r"\s?(?:$|[.;:!\n\"'},)]|[-–—]\s)" if choices.verdicts_only else r"\)?\s?(?:$|[.;!\n\"'}](?!\d))"
    return ParsedAnswer(named[0], "opening text") if re.match(ends, named[1]) else None


def concluding_parenthesis(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """`Therefore, the best step is surgery (B)`: the last sentence that concludes with one letter in brackets."""
    for sentence in reversed(_sentences(text)):
        if not _CONCLUDES.search(sentence) or _DOUBTS.search(sentence):
            continue
        letters = {found.upper() for found in _PARENTHESIS.findall(sentence)}
        if letters:
            letter = letters.pop() if len(letters) == 1 else None
            return ParsedAnswer(letter, "concluding parenthesis") if letter in choices.letters else None
    return None


def concluding_text(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """One of the last two sentences concludes, without doubt, on the whole text of exactly one option."""
    sentences = _sentences(text)
    for sentence in reversed(sentences[-2:]):
        letter = _concluded(sentence, choices, alone=len(sentences) == 1)
        if letter is not None:
            return ParsedAnswer(letter, "concluding text")
    return None


def asserted_text(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """The first sentence asserts the most likely, best or next, and names exactly one option."""
    sentences = _sentences(text)
    if not sentences or not _ASSERTS.search(sentences[0]):
        return None
    letter = _concluded(sentences[0], choices)
    return ParsedAnswer(letter, "asserted text") if letter is not None else None


def _concluded(sentence: str, choices: OptionTexts, alone: bool = False) -> str | None:
    if not (alone or _CONCLUDES.search(sentence)) or _DOUBTS.search(sentence):
        return None
    before = _BEFORE_VERDICT if choices.verdicts_only else _AFTER_COPULA if alone else _BEFORE_TEXT
    found: set[str | None] = set()
    for match in before.finditer(sentence):
        is_worse = sentence[match.end() :]
        named, reading = choices.named_at_start(is_worse), read_text(is_worse, choices, "")
        if named is not None and reading is not None and not _SUBJECT.match(named[1]):
            found.add(reading.letter)
    if found and not choices.verdicts_only:
        found |= choices.named_in(sentence)
    return found.pop() if len(found) == 1 else None


def _sentences(text: str) -> list[str]:
    parts = (part.strip()[-_SENTENCE:] for part in _SENTENCE_END.split(text))
    return [part for part in parts if part.strip(" \"'}])`.")]
