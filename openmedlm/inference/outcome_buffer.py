"""Outcomes of a run: in memory while they are few, in a temporary file beyond that."""

import tempfile
from array import array
from collections.abc import Iterator, Sequence
from operator import eq
from pathlib import Path
from typing import overload

import orjson

from openmedlm.data import UserError
from openmedlm.metrics import Outcome, outcome_from_fields

MAX_OUTCOMES_IN_MEMORY = 4_096
"""Outcomes kept in memory: at most 40 MiB if each has five votes with rationales."""


class OutcomeBuffer(Sequence[Outcome]):
    """Outcomes by the position of their question, put in any order.

    Args:
        count: Number of questions.
        folder: Folder of the unnamed temporary file that holds the outcomes beyond `MAX_OUTCOMES_IN_MEMORY`; the
            file disappears with the process.
    """

    def __init__(self, count: int, folder: Path) -> None:
        self._folder = folder
        self._in_memory: dict[int, Outcome] = {}
        self._offsets = array("q", [-1]) * count
        self._file = tempfile.TemporaryFile(dir=folder) if count > MAX_OUTCOMES_IN_MEMORY else None  # noqa: SIM115
        self._end = 0

    def put(self, position: int, outcome: Outcome) -> None:
        """Keep the outcome of the question at that position.

        Raises:
            UserError: The disk is full.
        """
        if self._file is None or len(self._in_memory) < MAX_OUTCOMES_IN_MEMORY:
            self._in_memory[position] = outcome
            return
        line = orjson.dumps(outcome, option=orjson.OPT_APPEND_NEWLINE)
        try:
            self._file.seek(self._end)
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            raise UserError(
                f"cannot write outcomes to {self._folder}: {error.strerror}. Fix this and rerun the command to resume."
            ) from error
        self._offsets[position] = self._end
        self._end += len(line)

    def __len__(self) -> int:
        return len(self._offsets)

    @overload
    def __getitem__(self, position: int) -> Outcome: ...
    @overload
    def __getitem__(self, position: slice) -> list[Outcome]: ...
    def __getitem__(self, position: int | slice) -> Outcome | list[Outcome]:
        if isinstance(position, slice):
            return [self[each] for each in range(len(self))[position]]
        position = range(len(self))[position]
        in_memory = self._in_memory.get(position)
        if in_memory is not None:
            return in_memory
        if self._file is None or self._offsets[position] < 0:
            raise LookupError(f"the question at position {position} has no outcome yet")
        self._file.seek(self._offsets[position])
        return outcome_from_fields(orjson.loads(self._file.readline()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    def __iter__(self) -> Iterator[Outcome]:
        return (self[position] for position in range(len(self)))
