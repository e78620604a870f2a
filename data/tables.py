"""Question records from CSV and parquet.

The columns are `id`, `question`, `answer`, and the options: one column per letter (`A`, `B`, …; the last ones are empty
in a row with fewer options), or one column `options` with the JSON of all of them. `subject`, `context` and
`explanation` are optional. In parquet `options` may also be a struct, map or list, and `context` a list.
"""

import csv
import io
import json
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from openmedlm.utils.errors import UserError
from openmedlm.utils.strict_json import DuplicateKeyError, load_json, unique

REQUIRED_COLUMNS = ("id", "question", "answer")

MAX_CELL_CHARACTERS = 2**31 - 1
"""Length limit of a CSV cell: the largest that `csv` takes on every platform; its default is 131,072."""


def csv_records(path: Path) -> Iterator[tuple[int, object]]:
    """Yield the line number at which each row of a CSV file starts, and its record.

    Raises:
        UserError: The header lacks a column or has one twice, a row has more cells than the header, or the file is not
            CSV in UTF-8.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}:{line}: not UTF-8. Save the file as UTF-8.") from None
    rows = _rows(text, path)
    header = [column.strip() for column in next(rows, (1, []))[1]]
    _check_columns(header, path)
    for start, cells in rows:
        if len(cells) > len(header):
            raise UserError(
                f"{path}:{start}: {len(cells)} cells for {len(header)} columns. "
                "Put cells that contain a comma in double quotes."
            )
        if any(cell.strip() for cell in cells):
            yield start, _record(dict(zip(header, cells, strict=False)), f"{path}:{start}")


def _rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number at which each row starts, and its cells, of any length."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    while True:
        others_limit = csv.field_size_limit(MAX_CELL_CHARACTERS)  # the limit is one for the whole process
        try:
            cells = next(reader, None)
        except csv.Error as error:
            end = "" if reader.line_num <= start else f", up to line {reader.line_num}"
            raise UserError(f"{path}:{start}: not CSV ({error}{end}). Check the double quotes of that row.") from None
        finally:
            csv.field_size_limit(others_limit)
        if cells is None:
            return
        yield start, cells
        start = reader.line_num + 1


def parquet_records(path: Path) -> Iterator[tuple[int, object]]:
    """Yield the number of each row of a parquet file, from 1, and its record.

    Raises:
        UserError: The file is not parquet, lacks a column, or has a letter twice.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        columns = table.column_names
    except (pa.ArrowException, ValueError) as error:
        reason = next(iter(str(error).splitlines()), "damaged")
        raise UserError(f"{path}: not a parquet file ({reason}). Write it again.") from None
    _check_columns(columns, path)
    options = table.schema.field("options").type if "options" in columns else None
    if options is not None and pa.types.is_struct(options):
        names = [field.name for field in options]
        for name in names:
            if names.count(name) > 1:
                raise UserError(f'{path}: two fields of "options" are named "{name}". Rename or remove one.')
    row = 0
    for batch in table.to_batches():
        try:
            rows = batch.to_pylist()
        except (ValueError, OverflowError) as error:
            raise UserError(f"{path}: a value cannot be read ({error}). Write texts as UTF-8.") from None
        for cells in rows:
            row += 1
            yield row, _record(cells, f"{path}:{row}")


def _check_columns(columns: Sequence[str], path: Path) -> None:
    if len(columns) == 1 and any(separator in columns[0] for separator in ";\t"):
        raise UserError(f"{path}:1: the columns are not separated by commas. Save the file with commas.")
    for column in columns:
        if columns.count(column) > 1:
            raise UserError(f'{path}:1: two columns are named "{column}". Rename or remove one.')
    for column in REQUIRED_COLUMNS:
        if column not in columns:
            raise UserError(
                f'{path}:1: the column "{column}" is missing. Add it; the columns are {", ".join(columns) or "none"}.'
            )
    letters, options = any(map(_is_letter, columns)), "options" in columns
    if letters == options:
        fix = "Keep one of them." if options else "Add one of them, the letters as capitals."
        raise UserError(f'{path}:1: use either the columns A, B, … or one column "options". {fix}')


def _is_letter(column: str) -> bool:
    return len(column) == 1 and column in string.ascii_uppercase


def _record(cells: Mapping[str, object], where: str) -> dict[str, object]:
    record = {column: cell for column, cell in cells.items() if not _is_letter(column)}
    if "options" in cells:
        record["options"] = _options(cells["options"], where)
    else:
        record["options"] = _non_empty((column, cells[column]) for column in sorted(filter(_is_letter, cells)))
    return {column: None if cell == "" else cell for column, cell in record.items()}


def _options(cell: object, where: str) -> object:
    if isinstance(cell, str) and cell.strip():
        try:
            return load_json(cell)
        except json.JSONDecodeError as error:
            raise UserError(f'{where}: "options" is not JSON ({error.msg}). Write {{"A": …, "B": …}}.') from None
        except DuplicateKeyError as error:
            raise UserError(f'{where}: {error} in "options". Give each letter once.') from None
        except (ValueError, RecursionError):
            raise UserError(f'{where}: "options" is not plain JSON. Write {{"A": …, "B": …}}.') from None
    if isinstance(cell, Mapping):
        return _non_empty(cell.items())
    if isinstance(cell, list) and all(isinstance(item, tuple) for item in cell):
        try:
            return _non_empty(unique(cell).items())
        except DuplicateKeyError as error:
            raise UserError(f'{where}: {error} in "options". Give each letter once.') from None
    return cell


def _non_empty(options: Iterable[tuple[str, object]]) -> dict[str, object]:
    return {letter: text for letter, text in options if text is not None and str(text).strip()}
