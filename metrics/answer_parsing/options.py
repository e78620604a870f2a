"""Options of a question, as an answer can name them by letter or by text."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from openmedlm.metrics.answer_parsing.cleanup import plain

# Signs are tokens, so that `-8`, `<8`, `8%`, `10^-8` and `1:8` differ from `8` and `18`.
_TOKEN = re.compile(
    r"\d{1,3}(?:,\d{3}){1,6}(?![\d,])|[^\W⺀-힣]+|[⺀-힣]|\+ ?/? ?[-−–]|[<>]=|=[<>]|[<>=≤≥≦≧⩽⩾±+%~≈∼≠↑↓↔]|"
    r"(?<![\w)%])[-−–‐](?=\.?\d)|(?<=\d) ?[:/⁄] ?(?=\d)|\^(?=[-−–]?\d)|\.(?=\d)"
)
_DASHES = "-−–‐"
_SAME_SIGN = dict.fromkeys(_DASHES, "-") | {
    ">=": "≥", "=>": "≥", "≧": "≥", "⩾": "≥", "<=": "≤", "=<": "≤", "≦": "≤", "⩽": "≤", "≈": "~", "∼": "~", "⁄": "/",
}  # fmt: skip
_ONLY_DASH = re.compile(rf"^[\s\"'(\[]{{0,5}}([{_DASHES}])(?=[\s\"'.)\]}}]{{0,5}}$)")
# A dash and a space before a number may be a minus sign or a separator; an equals sign may belong to the text.
_OPTIONAL_SIGN = re.compile(
    rf"^[\s\"'(\[]{{0,5}}(?:(?P<sign>[{_DASHES}]) {{1,3}}|(?P<equals>=) ?)(?=[{_DASHES}]?\.?\d)"
)
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
        optional = _OPTIONAL_SIGN.match(text)
        if optional is None:
            return self._named_at_start(text)
        without, sign = text[optional.end() :], optional["sign"] or "="
        named = [named for named in map(self._named_at_start, (sign + without, without)) if named is not None]
        return named[0] if len({letter for letter, _ in named}) == 1 else None

    def _named_at_start(self, text: str) -> tuple[str, str] | None:
        tokens, skip = _words(text)
        words = tuple(_canonical(match[0]) for match in tokens)
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
        words = tuple(_canonical(match[0]) for match in tokens[skip:])
        own = _without_article(tokenise(self.texts[letter])) if words and letter in self.texts else ()
        shared = min(2, len(words), len(own))
        return shared > 0 and words[:shared] == own[:shared]

    def begins_other(self, letter: str, text: str) -> bool:
        """Return True if this text starts with the whole text of another option than that of the letter."""
        named = self.named_at_start(text)
        return named is not None and named[0] != letter

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
    text = plain(text).strip()
    optional = _OPTIONAL_SIGN.match(text)
    if optional is not None and optional["sign"]:
        text = "-" + text[optional.end() :]
    return tuple(map(_canonical, (match[0] for match in _tokens(text))))


def _tokens(text: str) -> list[re.Match[str]]:
    tokens = list(_TOKEN.finditer(text))
    return tokens or list(_ONLY_DASH.finditer(text))


def _canonical(token: str) -> str:
    if token.isalnum():
        return token.casefold()
    token = token.strip()
    if token[-1] in _DASHES and token[0] == "+":
        return "±"
    return _SAME_SIGN.get(token) or token.casefold().replace(",", "")


def _is_letter(token: str) -> bool:
    return len(token) == 1 and token.isalpha() and ord(token) < 0x2E80  # East Asian words may be one character long


def _words(text: str) -> tuple[list[re.Match[str]], int]:
    """Return the tokens of a text, and the number of tokens of its leading article: 0 or 1.

    A capital A may be a label, so it counts as an article only if the text of an option starts with it.
    """
    tokens = _tokens(text)
    return tokens, int(bool(tokens) and tokens[0][0] != "A" and tokens[0][0].casefold() in _ARTICLES)


def _without_article(tokens: tuple[str, ...]) -> tuple[str, ...]:
    return tokens[1:] if len(tokens) > 1 and tokens[0] in _ARTICLES else tokens
