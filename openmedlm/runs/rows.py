"""Parquet files of any length, written in row groups."""

from collections.abc import Mapping
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP_SIZE = 2_000
"""Rows in memory at once, and per row group of the file."""


class Rows:
    """Writer of rows; the same rows give the same bytes.

    Args:
        file: File opened for writing bytes.
        schema: Schema of the rows.
    """

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(file, schema, compression="zstd")
        self._rows: list[Mapping[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._flush()
        self._writer.close()

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row: column name to value."""
        self._rows.append(row)
        if len(self._rows) == ROW_GROUP_SIZE:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, self._schema))
            self._rows.clear()
