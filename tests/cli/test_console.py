import io
import os
from pathlib import Path

import pytest
from rich.table import Table

from openmedlm.cli.tables import ladder_table
from openmedlm.metrics import summarise
from openmedlm.runs.execute import ProgramResult
from openmedlm.terminal.console import SafeConsole, as_utf8, one_line

HOSTILE = "a\x1b[2J\x9b1m\u202e\u061c\nb [red]:bomb:[/x]"
PRINTABLE = "a[2J1m b [red]:bomb:[/x]"


def printed(*objects: object) -> list[str]:
    file = io.StringIO()
    SafeConsole(file=file, width=80).print(*objects)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_console_table_removes_control_characters() -> None:
    table = Table("name", "right", title=HOSTILE, title_justify="left", box=None, padding=0)
    table.add_row(HOSTILE, "1/2")
    assert printed(table) == [PRINTABLE, "name                    right", f"{PRINTABLE}1/2"]


def test_console_print_keeps_line_breaks() -> None:
    assert printed("  one\n\ntwo\x07", "three") == ["  one", "", "two", "three"]


def test_one_line_removes_control_characters() -> None:
    assert one_line(HOSTILE) == PRINTABLE


def test_as_utf8_escapes_undecodable_path() -> None:
    assert as_utf8(Path(os.fsdecode(b"caf\xe9/\xc3\xa9"))) == "caf\\udce9/é"


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x85", "\x9f", "\u200e", "\u2066"])
def test_console_print_removes_control_characters(character: str) -> None:
    assert printed(f"a{character}b") in (["ab"], ["a b"])


def test_ladder_table_fits_80_columns() -> None:
    file = io.StringIO()
    result = ProgramResult("few-shot-cot", "dev", (), summarise((), 0.0), 0)
    SafeConsole(file=file, width=80).print(ladder_table("title", [result], {}))
    heads = file.getvalue().splitlines()[2:4]
    assert [len(line.rstrip()) <= 80 for line in heads] == [True, True]
    assert ("answer" in heads[0], "answer" in heads[1]) == (False, True)
    assert "…" not in file.getvalue()
