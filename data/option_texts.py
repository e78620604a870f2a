"""Options that a reader or a parser can confuse: repeated texts, and texts that bring their own letters."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from openmedlm.data.question import Question

_OWN_LETTER = re.compile(
    r"\s*(?:[Oo]ption\s+|[Cc]hoice\s+)?\**(?:[(\[]?([A-Za-z])[)\].:]{1,2}\**\s*|([A-Za-z])\s*[-–—]\s+)(?=\S)"
)
_NOT_PLAIN = ("<super>", "<sub>", "<fraction>")
"""Compatibility characters with another meaning than the plain ones: 10⁵ is not 105."""

_MIN_SHIFTED = 3
"""Number of options from which consecutive letters other than A, B, … are option letters, not "B. cereus"."""


@dataclass(frozen=True, slots=True)
class RepeatedOptions:
    """Options of one question with the same text.

    Attributes:
        question: Question with the options.
        letters: Letters of the options, at least two.
        kind: `exact` if the texts are equal, `near` if they differ in case, white space, the form of characters or a
            full stop at the end.
    """

    question: Question
    letters: tuple[str, ...]
    kind: Literal["exact", "near"]

    @property
    def gold(self) -> bool:
        """True if one of the options is the gold answer, so that the others are wrong with the same text."""
        return self.question.answer in self.letters

    def as_json(self) -> dict[str, Any]:
        """Return the object that `data check --json` shows."""
        return {**_place(self.question), "letters": list(self.letters), "kind": self.kind, "gold": self.gold}


@dataclass(frozen=True, slots=True)
class OwnLetters:
    """Letters inside the option texts of one question.

    Attributes:
        question: Question with the options.
        letters: Letter inside the text of each option, in order.
    """

    question: Question
    letters: tuple[str, ...]

    @property
    def matching(self) -> bool:
        """True if each text has the letter of its option."""
        return self.letters == tuple(self.question.options)

    def as_json(self) -> dict[str, Any]:
        """Return the object that `data check --json` shows."""
        return {**_place(self.question), "letters": list(self.letters), "matching": self.matching}


def find_repeated_options(questions: Iterable[Question]) -> list[RepeatedOptions]:
    """Find the options with the same text, in the order of the questions.

    Example:
        >>> options = {"A": "Aspirin", "B": "Heparin", "C": "aspirin."}
        >>> question = Question("q1", "mine", "dev", "Which drug is an antiplatelet?", options, "A")
        >>> [(found.letters, found.kind, found.gold) for found in find_repeated_options([question])]
        [(('A', 'C'), 'near', True)]
    """
    return [found for question in questions for found in _repeated(question)]


def find_own_letters(questions: Iterable[Question]) -> list[OwnLetters]:
    """Find the questions whose option texts all start with an option letter, such as "A. Aspirin" or "(a) Aspirin".

    A prompt would show "A. A. Aspirin", and with shuffled options "A. B. Apixaban".

    Example:
        >>> question = Question("q1", "mine", "dev", "Which?", {"A": "A. Aspirin", "B": "B. Apixaban"}, "B")
        >>> find_own_letters([question])[0].matching
        True
    """
    return [
        OwnLetters(question, letters) for question in questions if (letters := _own_letters(question.options.values()))
    ]


def strip_own_letters(question: Question) -> Question:
    """Return the question without the letters inside its option texts, if they are those of the options.

    Example:
        >>> question = Question("q1", "mine", "dev", "Which?", {"A": "A. Aspirin", "B": "B. Apixaban"}, "B")
        >>> strip_own_letters(question).options
        {'A': 'Aspirin', 'B': 'Apixaban'}
    """
    if _own_letters(question.options.values()) != tuple(question.options):
        return question
    options = {letter: _OWN_LETTER.sub("", text, count=1) for letter, text in question.options.items()}
    return replace(question, options=options)


def _place(question: Question) -> dict[str, Any]:
    return {"benchmark": question.benchmark, "split": question.split, "id": question.id}


def _repeated(question: Question) -> list[RepeatedOptions]:
    groups = _groups({letter: _comparable(text) for letter, text in question.options.items()})
    return [
        RepeatedOptions(
            question, letters, "exact" if len({question.options[letter] for letter in letters}) == 1 else "near"
        )
        for letters in groups
    ]


def _groups(texts: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return the letters of equal texts, for each text of several letters."""
    if len(set(texts.values())) == len(texts):
        return []
    by_text: dict[str, list[str]] = {}
    for letter, text in texts.items():
        by_text.setdefault(text, []).append(letter)
    return [tuple(letters) for letters in by_text.values() if len(letters) > 1]


def _comparable(text: str) -> str:
    """Return the text in lower case, with unified characters and spaces, without a full stop at the end."""
    if not text.isascii():
        text = "".join(map(_plain, unicodedata.normalize("NFC", text)))
        text = unicodedata.normalize("NFC", text)
    words = " ".join(text.casefold().split())
    return words.rstrip(".。 ") or words


def _plain(character: str) -> str:
    if unicodedata.category(character) == "Cf":  # invisible, such as a zero-width space
        return ""
    if unicodedata.decomposition(character).startswith(_NOT_PLAIN):
        return character
    return unicodedata.normalize("NFKC", character)


def _own_letters(texts: Iterable[str]) -> tuple[str, ...] | None:
    """Return the letters with which the texts start; None unless they are option letters."""
    marks = [_OWN_LETTER.match(text) for text in texts]
    letters = tuple((mark[1] or mark[2]) for mark in marks if mark is not None)
    if len(letters) < len(marks) or not (all(map(str.isupper, letters)) or all(map(str.islower, letters))):
        return None
    letters = tuple(map(str.upper, letters))
    numbers = sorted(map(ord, letters))
    consecutive = numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    starts_at_a = numbers[0] == ord("A")
    return letters if consecutive and (starts_at_a or len(letters) >= _MIN_SHIFTED) else None
