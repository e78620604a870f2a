"""Rules for prose: an option named in a concluding sentence."""

import re

from openmedlm.metrics.answer_parsing.cue_payload import parse_option_text, parse_payload
from openmedlm.metrics.answer_parsing.explicit import conditional
from openmedlm.metrics.answer_parsing.lettered_terms import part_of_term
from openmedlm.metrics.answer_parsing.options import OptionTexts
from openmedlm.metrics.answer_parsing.parsed_answer import ParsedAnswer
from openmedlm.metrics.answer_parsing.positional import LETTER_BEHIND, labels

_MAX_MATCHES = 50
_MAX_SENTENCE_CHARACTERS = 1_000
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

_LETTER_BEHIND = re.compile(rf"{LETTER_BEHIND}(?=\s?(?:$|[.;!\n\"'}}]))", re.IGNORECASE)


def labelled_in_prose(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Return C for `… is C) Aspirin`: the last labelled option after a verb whose text is that of the option."""
    for match in list(_LABELLED.finditer(text))[-_MAX_MATCHES:][::-1]:
        if choices.texts:
            trusted = choices.begins_like(match[1], text[match.end() + 1 : match.end() + 200])
        else:
            trusted = text[match.end() + 1] == ")" and labels(text, choices) == {match[1]}
        if trusted and not conditional(text, match.start()):
            parsed = parse_payload(text, match.end(), choices, "labelled in prose")
            if parsed is not None and parsed.letter is not None:
                return parsed
    return None


def opening_text(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Return the option whose whole text starts the text and is followed by punctuation."""
    named = choices.named_at_start(text[:_MAX_SENTENCE_CHARACTERS])
    if named is None:
        return None
    behind = _LETTER_BEHIND.match(named[1])
    if behind is not None and behind[1].upper() in choices.letters:
        same = behind[1].upper() == named[0]
        return ParsedAnswer(named[0] if same else None, "opening text" if same else "conflict")
    ends = r"\s?(?:$|[.;:!\n\"'},)]|[-–—]\s)" if choices.verdicts_only else r"\)?\s?(?:$|[.;!\n\"'}](?!\d))"
    return ParsedAnswer(named[0], "opening text") if re.match(ends, named[1]) else None


def concluding_parenthesis(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Return B for `Therefore, the best step is surgery (B)`: the last concluding sentence with one such letter."""
    for sentence in reversed(_sentences(text)):
        if not _CONCLUDES.search(sentence) or _DOUBTS.search(sentence):
            continue
        letters = {
            match[1].upper() for match in _PARENTHESIS.finditer(sentence) if not part_of_term(sentence, match.start())
        }
        if letters:
            letter = letters.pop() if len(letters) == 1 else None
            return ParsedAnswer(letter, "concluding parenthesis") if letter in choices.letters else None
    return None


def concluding_text(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Return the one option whose whole text is in a concluding sentence, without doubt, among the last two."""
    sentences = _sentences(text)
    for sentence in reversed(sentences[-2:]):
        letter = _concluded(sentence, choices, alone=len(sentences) == 1)
        if letter is not None:
            return ParsedAnswer(letter, "concluding text")
    return None


def asserted_text(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Return the one option named in a first sentence about the most likely, the best or the next."""
    sentences = _sentences(text)
    if not sentences or not _ASSERTS.search(sentences[0]):
        return None
    letter = _concluded(sentences[0], choices)
    return ParsedAnswer(letter, "asserted text") if letter is not None else None


def _concluded(sentence: str, choices: OptionTexts, alone: bool = False) -> str | None:
    if not (alone or _CONCLUDES.search(sentence)) or _DOUBTS.search(sentence):
        return None
    before = _BEFORE_VERDICT if choices.verdicts_only else _AFTER_COPULA if alone else _BEFORE_TEXT
    letters: set[str | None] = set()
    for match in before.finditer(sentence):
        rest = sentence[match.end() :]
        named, parsed = choices.named_at_start(rest), parse_option_text(rest, choices, "")
        if named is not None and parsed is not None and not _SUBJECT.match(named[1]):
            letters.add(parsed.letter)
    if letters and not choices.verdicts_only:
        letters |= choices.named_in(sentence)
    return letters.pop() if len(letters) == 1 else None


def _sentences(text: str) -> list[str]:
    parts = (part.strip()[-_MAX_SENTENCE_CHARACTERS:] for part in _SENTENCE_END.split(text))
    return [part for part in parts if part.strip(" \"'}])`.")]
