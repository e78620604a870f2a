"""Records of JSONL files."""

import json
from collections.abc import Iterator
from pathlib import Path

from openmedlm.utils.errors import UserError
from openmedlm.utils.strict_json import DuplicateKeyError, load_json

MAX_LINE_BYTES = 32 * 2**20
"""Length limit of a line: three times the longest completion that an endpoint may send."""


def jsonl_records(path: Path) -> Iterator[tuple[int, object]]:
    """Yield the number of each line, from 1, and its value; skip blank lines.

    The file is UTF-8, with or without a byte-order mark.

    Raises:
        UserError: A line is not JSON in UTF-8, repeats a key of an object, or is too long.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        row = 0
        while line := file.readline(MAX_LINE_BYTES + 1):
            row += 1
            if len(line) > MAX_LINE_BYTES:
                raise UserError(f"{path}:{row}: longer than {MAX_LINE_BYTES // 2**20} MiB. Write one record per line.")
            try:
                text = line.decode("utf-8-sig" if row == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise UserError(f"{path}:{row}: byte {error.start + 1} is not UTF-8. Save the file as UTF-8.") from None
            if not text.strip():
                continue
            try:
                yield row, load_json(text)
            except json.JSONDecodeError as error:
                reason = f"{error.msg}, column {error.colno}"
                raise UserError(f"{path}:{row}: not JSON ({reason}). Write one JSON object per line.") from None
            except DuplicateKeyError as error:
                raise UserError(f"{path}:{row}: {error}. Give each key once.") from None
            except (ValueError, RecursionError):
                raise UserError(
                    f"{path}:{row}: JSON with a number too long or nesting too deep. Write plain JSON."
                ) from None
