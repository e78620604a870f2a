"""The options that an answer can name, by letter or by text."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from openmedlm.metrics.answer_parsing.cleanup import plain

_TOKEN = re.compile(r"\w+|[<>=≤≥±+%]|(?<!\w)[-−](?=\d)|\.(?=\d)")
_ARTICLES = frozenset({"a", "an", "the"})
_VERDICTS = frozenset({"yes", "no", "maybe", "true", "false", "uncertain", "unclear"})


@dataclass(frozen=True, slots=True)
class OptionTexts:
    """Letters, and the options' texts as far as they are known."""

    letters: tuple[str, ...]
    texts: Mapping[str, str]

    @classmethod
    def of(cls, options: Mapping[str, str] | None, letters: Sequence[str] | None) -> "OptionTexts":
        texts = options or {}
        known = tuple(letters if letters is not None else texts or "ABCDE")
        return cls(known, {letter: texts[letter] for letter in known if letter in texts})

    @property
    def verdicts_only(self) -> bool:
        """Whether every option is a verdict such as yes, no or maybe, words that any text is full of."""
        options = map(tokenise, self.texts.values())
        return bool(self.texts) and all(len(words) == 1 and words[0] in _VERDICTS for words in options)

    def named_at_start(self, text: str) -> tuple[str, str] | None:
        """The one option whose whole text opens this text, with what follows; the longest where one contains another.

        None where no option does, or where two options have the same text.
        """
        found, skip = _words(text)
        words = tuple(match[0].casefold() for match in found)
        if not words or (len(words) == 1 and _letter(words[0])):
            return None
        fitting = [
            (found[start + len(own) - 1].end(), letter)
            for letter, whole in self._nameable()
            for start, own in ((0, whole), (skip, _without_article(whole)))
            if words[start : start + len(own)] == own
        ]
        if not fitting:
            return None
        end = max(fitting)[0]
        best = {letter for reach, letter in fitting if reach == end}
        return (best.pop(), text[end:]) if len(best) == 1 else None

    def named_in(self, text: str) -> set[str]:
        """The options whose whole text stands anywhere in this text, those within a longer option's text left out."""
        words = tokenise(text)
        found = [
            (start, start + len(own), letter)
            for letter, whole in self._nameable()
            for own in (_without_article(whole),)
            for start in range(len(words) - len(own) + 1)
            if words[start : start + len(own)] == own
        ]
        return {
            letter
            for start, end, letter in found
            if not any(low <= start and end <= high and high - low > end - start for low, high, _ in found)
        }

    def begins_like(self, letter: str, text: str) -> bool:
        """Whether this text opens with the option's first words (two of them, or all where it has or gives fewer)."""
        found, skip = _words(text[:200])
        words = tuple(match[0].casefold() for match in found[skip:])
        own = _without_article(tokenise(self.texts[letter])) if words and letter in self.texts else ()
        shared = min(2, len(words), len(own))
        return shared > 0 and words[:shared] == own[:shared]

    def _nameable(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        # An option whose text is itself a letter can only be named by its label.
        for letter, text in self.texts.items():
            own = tokenise(text)
            bare = _without_article(own)
            if bare and not (len(bare) == 1 and _letter(bare[0])):
                yield letter, own


@lru_cache(maxsize=8_192)  # the options of a question are tokens for each of its votes
def tokenise(text: str) -> tuple[str, ...]:
    """Words, numbers and signs of a text, without case and markup."""
    return tuple(match.casefold() for match in _TOKEN.findall(plain(text)))


def _letter(token: str) -> bool:
    return len(token) == 1 and token.isalpha()


def _words(text: str) -> tuple[list[re.Match[str]], int]:
    """The tokens of a text, and where they start behind its article.

    A capital A may be a label; that it is an article shows only where an option's own text has it.
    """
    found = list(_TOKEN.finditer(text))
    return found, int(bool(found) and found[0][0] != "A" and found[0][0].casefold() in _ARTICLES)


def _without_article(tokens: tuple[str, ...]) -> tuple[str, ...]:
    return tokens[1:] if len(tokens) > 1 and tokens[0] in _ARTICLES else tokens
