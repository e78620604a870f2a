"""Question files: JSONL, CSV and parquet are read, JSONL is written."""

import json
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from openmedlm.data.jsonl import jsonl_records
from openmedlm.data.question import Question
from openmedlm.data.schema import question_from_record, to_record
from openmedlm.data.tables import csv_records, parquet_records
from openmedlm.utils.atomic import write_atomically
from openmedlm.utils.errors import UserError


def read_questions(path: Path, benchmark: str, split: str) -> list[Question]:
    """Read and check the questions of a `.jsonl`, `.csv` or `.parquet` file, in the order of the file.

    Text files are UTF-8, with or without a byte-order mark. JSONL has one record of `openmedlm.data.schema` per line;
    `openmedlm.data.tables` describes the columns of the other two.

    Args:
        path: Question file; its suffix selects the format.
        benchmark: Benchmark of the questions; replaces the one in the records.
        split: Split of the questions; replaces the one in the records.

    Raises:
        UserError: The file is unreadable or empty, two rows have the same id, or a record is invalid. The message names
            the file and the row: the line of JSONL and CSV, the row number of parquet.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        ...     _ = file.write("id,question,A,B,answer\\n1,Which organ makes bile?,Heart,Liver,B\\n")
        ...     file.flush()
        ...     read_questions(Path(file.name), "mine", "dev")[0].options
        {'A': 'Heart', 'B': 'Liver'}
    """
    readers = {".jsonl": jsonl_records, ".csv": csv_records, ".parquet": parquet_records}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"{path}: unknown file type. Save the questions as .jsonl, .csv or .parquet.")
    questions: list[Question] = []
    rows: dict[str, int] = {}
    try:
        for row, record in reader(path):
            question = question_from_record(record, f"{path}:{row}", benchmark, split)
            first = rows.setdefault(unicodedata.normalize("NFC", question.id), row)
            if first != row:
                raise UserError(
                    f'{path}:{row}: the id "{question.id}" is also the id of row {first}. '
                    "Give each question a different id."
                )
            questions.append(question)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file. Check the name.") from None
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror or error}). Check that it is a readable file."
        ) from None
    if not questions:
        raise UserError(f"{path}: no questions. Add at least one.")
    return questions


def write_questions(path: Path, questions: Iterable[Question]) -> None:
    """Write the questions as JSONL, atomically; `read_questions` returns equal ones.

    Raises:
        OSError: The file cannot be written.

    Example:
        >>> import tempfile
        >>> question = Question("1", "mine", "dev", "Which organ makes bile?", {"A": "Heart", "B": "Liver"}, "B")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "mine.jsonl"
        ...     write_questions(path, [question])
        ...     read_questions(path, "mine", "dev") == [question]
        True
    """
    write_atomically(path, (json.dumps(to_record(q), ensure_ascii=False).encode() + b"\n" for q in questions))
