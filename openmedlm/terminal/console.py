"""What goes to stdout."""

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

NOT_ADVICE = "For benchmarking language models; not medical advice."


_ORDERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What a terminal obeys instead of showing it: control characters, escape sequences, changes of direction."""


class InertConsole(Console):
    """A console that shows what data sets, models and users wrote, and obeys none of it."""

    def __init__(self, **settings: Any) -> None:
        # Ids, file names and models may hold brackets and colons, which are no markup and no emoji.
        super().__init__(**{"markup": False, "emoji": False, "highlight": False, **settings})

    def print(self, *objects: Any, **how: Any) -> None:
        """Prints objects below one another; only here does a text begin lines of its own."""
        lines = [line for each in objects for line in (each.split("\n") if isinstance(each, str) else [each])]
        super().print(*lines, **{"sep": "\n", **how})

    def render_str(self, text: str, **how: Any) -> Text:
        """The text as one line: a name in a cell of a table can't pass for further rows."""
        return super().render_str(" ".join(text.splitlines()), **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(inert(segment.text), segment.style)


def inert(text: str) -> str:
    """The text without what a terminal would obey; line breaks and tabs stay."""
    return _ORDERS.sub("", text)


def in_one_line(said: object) -> str:
    """What was said, on one line, inert."""
    return inert(" ".join(str(said).split()))


def wide_console() -> Console:
    """For tables: as wide as the terminal, or as the widest table where there is none."""
    return InertConsole(width=None if sys.stdout.isatty() else 150, highlight=True)


def as_utf8(path: Path) -> str:
    """The path as JSON can hold it: a byte that is not UTF-8 is written out."""
    return str(path).encode(errors="backslashreplace").decode()


def print_json(result: Mapping[str, object]) -> None:
    """The one JSON object of a command."""
    sys.stdout.write(orjson.dumps(result, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
    sys.stdout.flush()


def describe_teacher(teacher: str) -> str:
    """Whose rationales exemplars show."""
    return "those of the data set" if teacher == "dataset" else f"those of {teacher}"


def percent(share: float | None) -> str:
    """A share of one as a percentage; a dash where there is none."""
    return "–" if share is None else f"{share:.1%}"


def count_noun(count: int, noun: str) -> str:
    """How many of a thing: `1 question`, `2,000 questions`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def thousands(count: int) -> str:
    """A count of tokens in four or five characters: `92`, `4.5k`, `139k`, `12M`."""
    if count < 1_000:
        return str(count)
    if count < 10_000:
        return f"{count / 1_000:.1f}k"
    return f"{count / 1_000:,.0f}k" if count < 10_000_000 else f"{count / 1_000_000:,.0f}M"


def dollars(cost: float | None) -> str:
    """US dollars; a question mark where a price is not known."""
    return "?" if cost is None else f"${cost:,.3f}" if cost else "$0"
