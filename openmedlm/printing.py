"""What goes to stdout."""

import sys
from collections.abc import Mapping

import orjson
from rich.console import Console

NOT_ADVICE = "For benchmarking language models; not medical advice."


def wide_console() -> Console:
    """For tables: as wide as the terminal, or as the widest table where there is none."""
    # Ids, file names and models may hold brackets, which are no markup.
    return Console(width=None if sys.stdout.isatty() else 150, markup=False)


def print_json(result: Mapping[str, object]) -> None:
    """The one JSON object of a command."""
    sys.stdout.write(orjson.dumps(result, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
    sys.stdout.flush()


def teacher_words(teacher: str) -> str:
    """Whose rationales exemplars show."""
    return "those of the data set" if teacher == "dataset" else f"those of {teacher}"


def percent(share: float | None) -> str:
    """A share of one as a percentage; a dash where there is none."""
    return "–" if share is None else f"{share:.1%}"
