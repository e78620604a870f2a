"""Questions on disk: JSONL, CSV and parquet in, JSONL out."""

import json
from collections.abc import Iterable
from pathlib import Path

from openmedlm.data.jsonl import jsonl_records
from openmedlm.data.question import Question
from openmedlm.data.schema import question_from_record, to_record
from openmedlm.data.tables import csv_records, parquet_records
from openmedlm.utils.atomic import write_atomically
from openmedlm.utils.errors import UserError


def read_questions(path: Path, benchmark: str, split: str) -> list[Question]:
    """The questions of a `.jsonl`, `.csv` or `.parquet` file, checked, in the order of the file.

    Text files are UTF-8, with or without a byte-order mark. JSONL holds one record of `openmedlm.data.schema` a line;
    the columns of the other two are told in `openmedlm.data.tables`.

    Args:
        path: the file; its ending decides how it is read.
        benchmark: the benchmark that the questions belong to, whatever the records say.
        split: their split, whatever the records say.

    Raises:
        UserError: the file cannot be read, holds no question, two of its rows share an id, or a record is wrong.
            The line names the file and the row: the line in the file of JSONL and CSV, the row number of parquet.
    """
    readers = {".jsonl": jsonl_records, ".csv": csv_records, ".parquet": parquet_records}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"{path}: unknown kind of file; save the questions as .jsonl, .csv or .parquet")
    questions: list[Question] = []
    rows: dict[str, int] = {}
    try:
        for row, record in reader(path):
            question = question_from_record(record, f"{path}:{row}", benchmark, split)
            first = rows.setdefault(question.id, row)
            if first != row:
                raise UserError(
                    f'{path}:{row}: the id "{question.id}" is already that of row {first}; '
                    "give each question an id of its own"
                )
            questions.append(question)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check the name") from None
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror or error}); check what it is and who may read it"
        ) from None
    if not questions:
        raise UserError(f"{path}: holds no question; add at least one")
    return questions


def write_questions(path: Path, questions: Iterable[Question]) -> None:
    """Write the questions as JSONL, atomically; `read_questions` gives the same ones back."""
    write_atomically(path, (json.dumps(to_record(q), ensure_ascii=False).encode() + b"\n" for q in questions))
