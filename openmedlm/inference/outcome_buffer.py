"""The outcomes of a run, in memory while they are few, on disk where they are many."""

import tempfile
from array import array
from collections.abc import Iterator, Sequence
from operator import eq
from pathlib import Path
from typing import overload

import orjson

from openmedlm.data import UserError
from openmedlm.metrics import Outcome, outcome_from_fields

IN_MEMORY = 4_096
"""Outcomes that are not written away: no more than 40 MiB of them, where each has five votes with rationales."""


class OutcomeBuffer(Sequence[Outcome]):
    """Outcomes by the position of their question, put in any order.

    Args:
        count: how many there will be.
        folder: where a file without a name holds those beyond the first `IN_MEMORY`; it goes with the process.
    """

    def __init__(self, count: int, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[int, Outcome] = {}
        self._places = array("q", [-1]) * count
        self._file = tempfile.TemporaryFile(dir=folder) if count > IN_MEMORY else None  # noqa: SIM115
        self._end = 0

    def put(self, position: int, outcome: Outcome) -> None:
        """Keeps the outcome of the question at that position.

        Raises:
            UserError: the disk is full.
        """
        if self._file is None or len(self._kept) < IN_MEMORY:
            self._kept[position] = outcome
            return
        written = orjson.dumps(outcome, option=orjson.OPT_APPEND_NEWLINE)
        try:
            self._file.seek(self._end)
            self._file.write(written)
            self._file.flush()
        except OSError as error:
            raise UserError(
                f"{self._folder}: {error.strerror}; mend that, and the same command goes on from there"
            ) from error
        self._places[position] = self._end
        self._end += len(written)

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, position: int) -> Outcome: ...
    @overload
    def __getitem__(self, position: slice) -> list[Outcome]: ...
    def __getitem__(self, position: int | slice) -> Outcome | list[Outcome]:
        if isinstance(position, slice):
            return [self[each] for each in range(len(self))[position]]
        position = range(len(self))[position]
        kept = self._kept.get(position)
        if kept is not None:
            return kept
        if self._file is None or self._places[position] < 0:
            raise LookupError(f"the question at {position} has no outcome yet")
        self._file.seek(self._places[position])
        return outcome_from_fields(orjson.loads(self._file.readline()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    def __iter__(self) -> Iterator[Outcome]:
        return (self[position] for position in range(len(self)))
