"""Lines of JSON."""

import json
from collections.abc import Iterator
from pathlib import Path

from openmedlm.utils.errors import UserError

LONGEST_LINE = 32 * 2**20
"""Bytes of a line, at most: three times the longest completion that an endpoint may send."""


def jsonl_records(path: Path) -> Iterator[tuple[int, object]]:
    """The number of each line, from 1, and its value; blank lines are passed over.

    The file is UTF-8, with or without a byte-order mark.

    Raises:
        UserError: a line is no JSON in UTF-8, or is too long.
        OSError: the file can't be read.
    """
    with path.open("rb") as file:
        row = 0
        while line := file.readline(LONGEST_LINE + 1):
            row += 1
            if len(line) > LONGEST_LINE:
                raise UserError(f"{path}:{row}: longer than {LONGEST_LINE // 2**20} MiB; write one record a line")
            try:
                text = line.decode("utf-8-sig" if row == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise UserError(f"{path}:{row}: byte {error.start + 1} is not UTF-8; save the file as UTF-8") from None
            if not text.strip():
                continue
            try:
                yield row, json.loads(text)
            except json.JSONDecodeError as error:
                reason = f"{error.msg}, column {error.colno}"
                raise UserError(f"{path}:{row}: not JSON ({reason}); write one JSON object a line") from None
            except (ValueError, RecursionError):
                raise UserError(f"{path}:{row}: a number too long or a nesting too deep; write plain JSON") from None
