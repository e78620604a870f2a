"""Lettered answer options in a text: one per line, or several on one line."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

from openmedlm.data import UserError

FORMAT = 'Write "Question: …", then one line per option, such as "A. …".'

_MARK = re.compile(r"\s*([(\[]?)([A-Za-z])([)\].:])(?![A-Za-z]\.)")
_FIRST_INSIDE = re.compile(r"(?<=\s)([(\[]?)([Aa])([)\]])(?=\s+\S)")
_HEADING = re.compile(
    r"^[ \t]*(?:answer )?(?:options|choices)[ \t]*:(?=[ \t]+[(\[]?a[)\].:]\s)", re.MULTILINE | re.IGNORECASE
)
_CONTINUATION = re.compile(r"\s.*\S.*|[\"”’')\].]+\s*")
"""Lines that continue the last option: indented lines, and lines of closing quotes or brackets only."""


_Style = tuple[str, str, str]
"""Text before and after a letter, and its alphabet, such as `("(", ")", "ABC…")`."""


class _Mark(NamedTuple):
    """Option letter at the start of a line.

    Attributes:
        style: Style of the letter.
        rank: 0 for A, 1 for B, …
        text: Text after the letter on the same line; None if there is none, or no space before it.
    """

    style: _Style
    rank: int
    text: str | None


@dataclass(frozen=True, slots=True)
class LetteredOptions:
    """Options of a text.

    Attributes:
        before: Text before the options.
        options: Text of each option, by upper-case letter.
        first_mark: First letter as the text writes it, such as "A." or "(a)".
    """

    before: str
    options: dict[str, str]
    first_mark: str


def find_options(text: str) -> LetteredOptions | None:
    """Find the last list of lettered options in a text; None if it has none.

    The letters of a list have one style, such as "A." or "(a)", and follow each other from A. A list with an option per
    line has priority over a list on one line.

    Raises:
        UserError: An option is missing, duplicated or not parsable, or two lists may be the options.

    Example:
        >>> find_options("Which organ makes bile?\\n(a) heart\\n(b) liver").options
        {'A': 'heart', 'B': 'liver'}
        >>> find_options("Which organ makes bile? A) heart B) liver").before
        'Which organ makes bile? '
    """
    lines = _own_line(text).split("\n")
    marks = [_mark(line) for line in lines]
    start = _start(lines, marks)
    one_line = next(
        (number for number in reversed(range(len(lines))) if _starts_list(lines[number], marks[number])), None
    )
    if start is not None and (one_line is None or one_line <= start):
        first = marks[start]
        assert first is not None
        options = _options_by_line(lines[start:], marks[start:], first.style)
        return LetteredOptions("\n".join(lines[:start]), options, _written(first.style))
    if one_line is not None:
        number, mark = one_line, _MARK.match(lines[one_line])
    else:
        found = ((number, _list_in_line(lines[number])) for number in reversed(range(len(lines))))
        number, mark = next(((number, match) for number, match in found if match is not None), (0, None))
    if mark is None:
        return None
    style = _style(mark)
    before = "\n".join([*lines[:number], lines[number][: mark.start()]])
    options = _options_inside("\n".join(lines[number:]), mark, style)
    return LetteredOptions(before, options, _written(style))


def first_letters(line: str) -> str:
    """Return "A", "B" or "AB" for a line with the first option, the second or both; "" for another line.

    Example:
        >>> first_letters("(a) heart (b) liver")
        'AB'
    """
    mark = _mark(line)
    if mark is None or mark.text is None or mark.rank > 1:
        return ""
    return "AB" if _starts_list(line, mark) else "AB"[mark.rank]


def _mark(line: str) -> _Mark | None:
    found = _MARK.match(line)
    if found is None:
        return None
    style = _style(found)
    rest = line[found.end() :]
    text = rest.lstrip() if rest[:1].isspace() and not rest.isspace() else None
    return _Mark(style, style[2].index(found[2]), text)


def _own_line(text: str) -> str:
    """Move the first option after a heading, such as "Options: A) heart", to a line of its own."""
    *_, heading = [None, *_HEADING.finditer(text)]
    return text if heading is None else f"{text[: heading.end()]}\n{text[heading.end() :]}"


def _start(lines: Sequence[str], marks: Sequence[_Mark | None]) -> int | None:
    """Return the number of the line with the first of the last options that follow each other.

    Options in lower case may follow statements in upper case and a question on them.

    Raises:
        UserError: Options in lower case follow those in upper case without a question, so that either may be the
            options.
    """
    last: dict[int, int] = {}  # last line of the options that a line starts
    nearest: dict[tuple[_Style, int], int] = {}
    starts: dict[_Style, int] = {}  # last start of each style
    for number in reversed(range(len(marks))):
        mark = marks[number]
        if mark is None or mark.text is None:
            continue
        following = nearest.get((mark.style, mark.rank + 1))
        last[number] = number if following is None else last[following]
        nearest[mark.style, mark.rank] = number
        if mark.rank == 0 and following is not None:
            starts.setdefault(mark.style, number)
    if not starts:
        return None
    start = max(starts.values())
    start = min((each for each in starts.values() if each < start < last[each]), default=start)  # not a list in a list
    lower_case = {each for style, each in starts.items() if style[2] == ascii_lowercase}
    upper = max(set(starts.values()) - lower_case, default=start)
    if start in lower_case and upper < start:
        between = [line for line in lines[last[upper] + 1 : start] if line.strip()]
        if not between or not between[-1].rstrip().endswith(("?", "？")):
            raise UserError(f"two lists of lettered options in the request: A, B, … and a, b, …. {FORMAT}")
    return start


def _options_by_line(lines: Sequence[str], marks: Sequence[_Mark | None], style: _Style) -> dict[str, str]:
    """Return the options that start at the first line.

    A line between two options continues the first of them. After the last option only lines that cannot be an
    instruction continue it (`_CONTINUATION`).

    Raises:
        UserError: An option is missing, duplicated or not parsable.
    """
    options: list[list[str]] = []
    pending: list[str] = []  # lines since the last option
    spaced = apart = missing = False  # blank lines between options; one since the last option; an option was skipped
    for line, mark in zip(lines, marks, strict=True):
        expected = len(options)
        same_style = mark is not None and mark.style == style
        if mark is not None and same_style and mark.text is not None and mark.rank == expected:
            if options:
                options[-1] += pending
            options.append([mark.text])
            pending = []
            spaced, apart, missing = spaced or apart, False, False
            continue
        apart = apart or not line.strip()
        if mark is not None and mark.style[2] == style[2] and expected > 1 and (spaced or not apart):
            if same_style and mark.text is not None and mark.rank == expected - 1:
                raise UserError(f"duplicate option {ascii_uppercase[mark.rank]} in the request. {FORMAT}")
            missing = missing or expected <= mark.rank <= expected + 1
        pending.append(line)
    if missing:
        raise UserError(f"option {ascii_uppercase[len(options)]} of the request is missing or not parsable. {FORMAT}")
    options[-1] += takewhile(_CONTINUATION.fullmatch, pending)
    return dict(zip(ascii_uppercase, map(_join, options), strict=False))


def _join(lines: list[str]) -> str:
    end = max((number for number, line in enumerate(lines, 1) if line.strip()), default=1)
    return "\n".join(lines[:end]).rstrip("\r")


def _starts_list(line: str, first: _Mark | None) -> bool:
    """Return True if the line is A and at least one more option."""
    if first is None or first.text is None or first.rank != 0:
        return False
    return _inside(first.style, 1).search(line) is not None


def _marks_inside(text: str, style: _Style, position: int = 0) -> Iterator[re.Match[str]]:
    """Yield the marks of B, C, … in a text, as far as they follow each other."""
    for index in range(1, len(ascii_uppercase)):
        found = _inside(style, index).search(text, position)
        if found is None:
            return
        yield found
        position = found.end()


@cache
def _inside(style: _Style, index: int) -> re.Pattern[str]:
    opening, closing, alphabet = style
    return re.compile(rf"(?<=\s){re.escape(opening + alphabet[index] + closing)}(?=\s+\S)")


def _list_in_line(line: str) -> re.Match[str] | None:
    """Match the last A in a line, such as "(A)", that a B of the same style follows."""
    firsts = list(_FIRST_INSIDE.finditer(line))
    for style in dict.fromkeys(map(_style, firsts)):
        second = max((found.start() for found in _inside(style, 1).finditer(line)), default=0)
        before = [first for first in firsts if _style(first) == style and first.end() <= second]
        if before:
            return before[-1]
    return None


def _written(style: _Style) -> str:
    opening, closing, alphabet = style
    return opening + alphabet[0] + closing


def _style(mark: re.Match[str]) -> _Style:
    return _style_of(*mark.groups())


@cache
def _style_of(opening: str, letter: str, closing: str) -> _Style:
    return opening, closing, ascii_uppercase if letter.isupper() else ascii_lowercase


def _options_inside(text: str, first: re.Match[str], style: _Style) -> dict[str, str]:
    """Return the options of a list on one line, or of several such lines.

    Raises:
        UserError: An option is missing.
    """
    marks = [first, *_marks_inside(text, style, first.end())]
    last = marks[-1].end()
    line, *others = text[last:].split("\n")
    end = last + len("\n".join([line, *takewhile(_CONTINUATION.fullmatch, others)]))
    ends = [*(mark.start() for mark in marks[1:]), end]
    following = len(marks) + 1
    if following < len(ascii_uppercase) and _inside(style, following).search(text, last, end):
        raise UserError(f"option {ascii_uppercase[len(marks)]} of the request is missing or not parsable. {FORMAT}")
    texts = (text[mark.end() : stop].strip() for mark, stop in zip(marks, ends, strict=True))
    return dict(zip(ascii_uppercase, texts, strict=False))
