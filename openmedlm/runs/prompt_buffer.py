"""Prompts of a run, on disk while the run goes on, since questions finish in any order."""

import tempfile
from array import array
from collections.abc import Sequence
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import IO

import orjson

from openmedlm.data import UserError
from openmedlm.programs.prompt_program import SamplePrompt
from openmedlm.programs.template import Prompt
from openmedlm.runs.prompts_table import MAX_KNOWN_TEXTS, to_messages

CACHED_TEXTS = 256
"""Texts in memory while prompts are read back."""


class PromptBuffer:
    """Prompts of each question's votes, by the position of the question.

    Memory is 16 bytes per question, however long the prompts are. Each distinct message text is written once.

    Args:
        count: Number of questions.
        folder: Directory of an unnamed temporary file, which disappears with the process.
    """

    def __init__(self, count: int, folder: Path) -> None:
        self._folder = folder
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._end = 0
        self._starts = array("q", [-1]) * count
        self._lengths = array("q", [0]) * count
        self._known: dict[bytes, tuple[int, int]] = {}
        # A method here would be a reference cycle, which keeps the file open until the next garbage collection.
        self._text = lru_cache(CACHED_TEXTS)(partial(_read_text, self._file))

    def put(self, position: int, sample_prompts: Sequence[SamplePrompt]) -> None:
        """Keep the prompts of the question at that position.

        Raises:
            UserError: The disk is full.
        """
        try:
            votes = [
                (each.sample, [(role, *self._write_text(text)) for role, text in to_messages(each.prompt)])
                for each in sample_prompts
            ]
            self._starts[position], self._lengths[position] = self._write(orjson.dumps(votes))
        except OSError as error:
            raise UserError(
                f"cannot write prompts in {self._folder}: {error.strerror}. Free disk space and rerun the same command."
            ) from error

    def __getitem__(self, position: int) -> list[tuple[int, Prompt]]:
        """Return the sample index and the prompt of each vote of the question at that position."""
        if self._starts[position] < 0:
            raise LookupError(f"no prompts of the question at position {position}")
        votes = orjson.loads(_read(self._file, self._starts[position], self._lengths[position]))
        return [(sample, self._to_prompt(messages)) for sample, messages in votes]

    def _to_prompt(self, messages: Sequence[tuple[str | None, int, int]]) -> Prompt:
        role, start, length = messages[0]
        if role is None:
            return self._text(start, length)
        return tuple({"role": role or "", "content": self._text(start, length)} for role, start, length in messages)

    def _write_text(self, text: str) -> tuple[int, int]:
        encoded = text.encode()
        digest = blake2b(encoded, digest_size=16).digest()
        if digest not in self._known:
            if len(self._known) == MAX_KNOWN_TEXTS:
                self._known.clear()
            self._known[digest] = self._write(encoded)
        return self._known[digest]

    def _write(self, content: bytes) -> tuple[int, int]:
        start = self._end
        self._file.write(content)
        self._end += len(content)
        return start, len(content)


def _read_text(file: IO[bytes], start: int, length: int) -> str:
    return _read(file, start, length).decode()


def _read(file: IO[bytes], start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(length)
