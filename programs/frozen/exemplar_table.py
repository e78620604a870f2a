"""`exemplars.parquet`: the exemplars, with their vectors if the strategy retrieves."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from openmedlm.data import question_from_record
from openmedlm.programs.exemplar import Exemplar
from openmedlm.programs.retrieval import Vectors

EXEMPLARS_FILE = "exemplars.parquet"

MAX_UNPACKED_BYTES = 4 * 2**30

_COLUMNS = [
    pa.field("id", pa.string()),
    pa.field("benchmark", pa.string()),
    pa.field("subject", pa.string()),
    pa.field("context", pa.list_(pa.string())),
    pa.field("question", pa.string()),
    pa.field("options", pa.list_(pa.string())),
    pa.field("answer", pa.string()),
    pa.field("rationale", pa.string()),
    pa.field("teacher", pa.string()),
    pa.field("letters", pa.list_(pa.int32())),
]


def write_table(exemplars: Sequence[Exemplar], vectors: Vectors | None) -> bytes:
    """Return the bytes of the file; one release of pyarrow gives the same bytes for the same exemplars."""
    columns = list(_COLUMNS)
    arrays = [pa.array([_row(exemplar)[field.name] for exemplar in exemplars], type=field.type) for field in columns]
    if vectors is not None:
        flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).reshape(-1))
        arrays.append(pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1]))
        columns.append(pa.field("vector", arrays[-1].type))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(columns)), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def read_table(content: bytes, count: int) -> tuple[tuple[Exemplar, ...], Vectors | None]:
    """Return the exemplars and their vectors, shape (exemplars, dimension).

    Args:
        content: Bytes of the file.
        count: Expected number of exemplars; it and the unpacked size are checked before anything is unpacked.

    Raises:
        ValueError: The file is no such table.
    """
    file = pq.ParquetFile(pa.BufferReader(content))  # read_table would load pandas
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    unpacked = sum(
        group.column(number).total_uncompressed_size for group in groups for number in range(group.num_columns)
    )
    if file.metadata.num_rows != count or unpacked > MAX_UNPACKED_BYTES:
        raise ValueError(f"it declares {file.metadata.num_rows:,} rows of {unpacked:,} bytes for {count:,} exemplars")
    table = file.read()
    vectors = None
    if "vector" in table.column_names:
        column = table.column("vector").combine_chunks()
        vectors = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32).reshape(len(table), -1)
        table = table.drop_columns(["vector"])
    if table.schema.names != [field.name for field in _COLUMNS]:
        raise ValueError(f"unknown columns in the table: {', '.join(table.schema.names)}")
    return tuple(_exemplar(row, n) for n, row in enumerate(table.to_pylist())), vectors


def _row(exemplar: Exemplar) -> dict[str, object]:
    question = exemplar.question
    return {
        "id": question.id,
        "benchmark": question.benchmark,
        "subject": question.subject,
        "context": list(question.context),
        "question": question.question,
        "options": list(question.options.values()),
        "answer": question.answer,
        "rationale": exemplar.rationale,
        "teacher": exemplar.teacher,
        "letters": None if exemplar.letters is None else list(exemplar.letters),
    }


def _exemplar(row: dict[str, object], number: int) -> Exemplar:
    rationale, teacher, letters = (row.pop(name) for name in ("rationale", "teacher", "letters"))
    question = question_from_record(row, f"row {number}", split="pool")
    return Exemplar(question, rationale, teacher, None if letters is None else tuple(letters))  # type: ignore[arg-type]
