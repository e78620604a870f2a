import io
import os
from pathlib import Path

import pytest
from rich.table import Table

from openmedlm.terminal.console import SafeConsole, as_utf8, one_line

HOSTILE = "a\x1b[2J\x9b1m\u202e\u061c\nb [red]:bomb:[/x]"
SHOWN = "a[2J1m b [red]:bomb:[/x]"


def printed(*objects: object) -> list[str]:
    file = io.StringIO()
    SafeConsole(file=file, width=80).print(*objects)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_a_name_in_a_table_stays_in_its_row_and_gives_no_orders() -> None:
    table = Table("name", "right", title=HOSTILE, title_justify="left", box=None, padding=0)
    table.add_row(HOSTILE, "1/2")
    assert printed(table) == [SHOWN, "name                    right", f"{SHOWN}1/2"]


def test_a_text_that_is_printed_keeps_its_own_lines() -> None:
    assert printed("  one\n\ntwo\x07", "three") == ["  one", "", "two", "three"]


def test_what_was_said_fits_on_one_line() -> None:
    assert one_line(HOSTILE) == SHOWN


def test_a_path_that_is_not_utf8_can_stand_in_json() -> None:
    assert as_utf8(Path(os.fsdecode(b"caf\xe9/\xc3\xa9"))) == "caf\\udce9/é"


@pytest.mark.parametrize("sign", ["\x00", "\x1b", "\x7f", "\x85", "\x9f", "\u200e", "\u2066"])
def test_no_sign_that_a_terminal_obeys_is_printed(sign: str) -> None:
    assert printed(f"a{sign}b") in (["ab"], ["a b"])
