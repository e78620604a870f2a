"""Console output that is safe for untrusted text, and formats of numbers."""

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

PIPE_COLUMNS = 150
"""Width of tables in characters where stdout is not a terminal."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that a terminal executes: control characters, escape sequences, changes of text direction."""


class SafeConsole(Console):
    """Console that prints text of data sets, models and users literally: no markup, no escape sequences."""

    def __init__(self, **settings: Any) -> None:
        # Question ids, file names and model names may contain brackets and colons.
        super().__init__(**{"markup": False, "emoji": False, "highlight": False, **settings})

    def print(self, *objects: Any, **kwargs: Any) -> None:
        """Print each object on a line of its own. Only here may a text contain line breaks."""
        lines = [line for each in objects for line in (each.split("\n") if isinstance(each, str) else [each])]
        super().print(*lines, **{"sep": "\n", **kwargs})

    def render_str(self, text: str, **kwargs: Any) -> Text:
        """Render the text as one line, so that a name in a table cell cannot imitate further rows."""
        return super().render_str(" ".join(text.splitlines()), **kwargs)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(strip_control_characters(segment.text), segment.style)


def strip_control_characters(text: str) -> str:
    """Remove the characters that a terminal would execute; keep line breaks and tabs."""
    return _CONTROL.sub("", text)


def one_line(message: object) -> str:
    """Return the message on one line, without control characters."""
    return strip_control_characters(" ".join(str(message).split()))


def wide_console() -> Console:
    """Console for tables: as wide as the terminal, or `PIPE_COLUMNS` if stdout is not a terminal."""
    return SafeConsole(width=None if sys.stdout.isatty() else PIPE_COLUMNS, highlight=True)


def as_utf8(path: Path) -> str:
    """Return the path as valid JSON text; bytes that are not UTF-8 become backslash escapes."""
    return str(path).encode(errors="backslashreplace").decode()


def print_json(result: Mapping[str, object]) -> None:
    """Print the one JSON object of a command on stdout, as UTF-8 whatever the terminal's encoding."""
    sys.stdout.flush()
    sys.stdout.buffer.write(orjson.dumps(result, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    sys.stdout.flush()


def describe_teacher(teacher: str) -> str:
    """Return the source of the exemplars' rationales as words: the benchmark, or a model's name."""
    return "from the benchmark" if teacher == "dataset" else f"written by {teacher}"


def percent(share: float | None) -> str:
    """Format a share between 0 and 1 as a percentage; None as a dash."""
    return "–" if share is None else f"{share:.1%}"


def count_noun(count: int, noun: str) -> str:
    """Format a count with its noun: `1 question`, `2,000 questions`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def thousands(count: int) -> str:
    """Format a token count in at most five characters: `92`, `4.5k`, `139k`, `12M`."""
    if count < 1_000:
        return str(count)
    if count < 10_000:
        return f"{count / 1_000:.1f}k"
    return f"{count / 1_000:,.0f}k" if count < 10_000_000 else f"{count / 1_000_000:,.0f}M"


def dollars(cost: float | None) -> str:
    """Format a cost in US dollars; None (price unknown) as a question mark."""
    return "?" if cost is None else f"${cost:,.3f}" if cost else "$0"
