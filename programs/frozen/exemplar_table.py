"""`exemplars.parquet`: the exemplars, with their vectors where the strategy retrieves."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from openmedlm.data import question_from_record
from openmedlm.programs.exemplar import Exemplar
from openmedlm.programs.retrieval import Vectors

FILE = "exemplars.parquet"

LARGEST = 4 * 2**30
"""Bytes that the table may unpack to."""

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
    """The file's bytes; the same exemplars give the same ones under one release of pyarrow."""
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
    """The exemplars and their vectors.

    Args:
        content: of the file.
        count: how many there should be; looked at before anything is unpacked, and so is the size that it unpacks to.

    Raises:
        ValueError: the file is no such table.
    """
    file = pq.ParquetFile(pa.BufferReader(content))  # read_table would load pandas
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    unpacked = sum(
        group.column(place).total_uncompressed_size for group in groups for place in range(group.num_columns)
    )
    if file.metadata.num_rows != count or unpacked > LARGEST:
        raise ValueError(f"it declares {file.metadata.num_rows:,} rows of {unpacked:,} bytes for {count:,} exemplars")
    table = file.read()
    vectors = None
    if "vector" in table.column_names:
        column = table.column("vector").combine_chunks()
        vectors = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32).reshape(len(table), -1)
        table = table.drop_columns(["vector"])
    if table.schema.names != [field.name for field in _COLUMNS]:
        raise ValueError(f"its columns are {', '.join(table.schema.names)}")
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
