"""Options of a question, as an answer can name them by letter or by text."""

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
    """Letters of a question, with the texts of its options if they are known."""

    letters: tuple[str, ...]
    texts: Mapping[str, str]

    @classmethod
    def of(cls, options: Mapping[str, str] | None, letters: Sequence[str] | None) -> "OptionTexts":
        """Build from letter to text; `letters` limits the letters, which are A to E without options."""
        texts = options or {}
        known = tuple(letters if letters is not None else texts or "ABCDE")
        return cls(known, {letter: texts[letter] for letter in known if letter in texts})

    @property
    def verdicts_only(self) -> bool:
        """True if every option is a verdict such as yes, no or maybe, which are common words in any text."""
        options = map(tokenise, self.texts.values())
        return bool(self.texts) and all(len(words) == 1 and words[0] in _VERDICTS for words in options)

    def named_at_start(self, text: str) -> tuple[str, str] | None:
        """Return the one option whose whole text starts this text, and the rest; the longest one if several match.

        None if no option matches, or if two options have the same text.
        """
        tokens, skip = _words(text)
        words = tuple(match[0].casefold() for match in tokens)
        if not words or (len(words) == 1 and _is_letter(words[0])):
            return None
        matches = [
            (tokens[start + len(own) - 1].end(), letter)
            for letter, whole in self._options_with_text()
            for start, own in ((0, whole), (skip, _without_article(whole)))
            if words[start : start + len(own)] == own
        ]
        if not matches:
            return None
        end = max(matches)[0]
        best = {letter for reach, letter in matches if reach == end}
        return (best.pop(), text[end:]) if len(best) == 1 else None

    def named_in(self, text: str) -> set[str]:
        """Return the options whose whole text occurs in this text, except inside the text of a longer option."""
        words = tokenise(text)
        spans = [
            (start, start + len(own), letter)
            for letter, whole in self._options_with_text()
            for own in (_without_article(whole),)
            for start in range(len(words) - len(own) + 1)
            if words[start : start + len(own)] == own
        ]
        return {
            letter
            for start, end, letter in spans
            if not any(low <= start and end <= high and high - low > end - start for low, high, _ in spans)
        }

    def begins_like(self, letter: str, text: str) -> bool:
        """Return True if this text starts with the first words of the option: two, or all if either has fewer."""
        tokens, skip = _words(text[:200])
        words = tuple(match[0].casefold() for match in tokens[skip:])
        own = _without_article(tokenise(self.texts[letter])) if words and letter in self.texts else ()
        shared = min(2, len(words), len(own))
        return shared > 0 and words[:shared] == own[:shared]

    def _options_with_text(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        # An option whose text is a single letter can only be named by its label.
        for letter, text in self.texts.items():
            tokens = tokenise(text)
            content = _without_article(tokens)
            if content and not (len(content) == 1 and _is_letter(content[0])):
                yield letter, tokens


@lru_cache(maxsize=8_192)  # the same options are tokenised for each vote
def tokenise(text: str) -> tuple[str, ...]:
    """Split a text into words, numbers and signs, in lower case and without markup."""
    return tuple(match.casefold() for match in _TOKEN.findall(plain(text)))


def _is_letter(token: str) -> bool:
    return len(token) == 1 and token.isalpha()


def _words(text: str) -> tuple[list[re.Match[str]], int]:
    """Return the tokens of a text, and the number of tokens of its leading article: 0 or 1.

    A capital A may be a label, so it counts as an article only if the text of an option starts with it.
    """
    tokens = list(_TOKEN.finditer(text))
    return tokens, int(bool(tokens) and tokens[0][0] != "A" and tokens[0][0].casefold() in _ARTICLES)


def _without_article(tokens: tuple[str, ...]) -> tuple[str, ...]:
    return tokens[1:] if len(tokens) > 1 and tokens[0] in _ARTICLES else tokens
