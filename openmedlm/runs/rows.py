"""Parquet files of any length, written a part at a time."""

from collections.abc import Mapping
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

PART = 2_000
"""Rows that are in memory at once; a row group of the file."""


class Rows:
    """Writes rows to a file; the same rows give the same bytes.

    Args:
        file: opened for bytes.
        schema: of the rows.
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
        """Adds a row, by column."""
        self._rows.append(row)
        if len(self._rows) == PART:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, self._schema))
            self._rows.clear()
