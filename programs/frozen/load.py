"""From a directory to a program: checked byte by byte, without running code and without the network."""

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
from pydantic import ValidationError

from openmedlm.data import UserError
from openmedlm.programs.frozen import exemplar_table, golden
from openmedlm.programs.frozen.card import FILE as CARD
from openmedlm.programs.frozen.pinned_embedder import PinnedEmbedder
from openmedlm.programs.frozen.schema import SCHEMA_VERSION, Document, Fixed, Nearest, holds_together
from openmedlm.programs.prompt_program import ExemplarSource, FixedExemplars, PromptProgram
from openmedlm.programs.retrieval import NeighbourIndex
from openmedlm.programs.retrieval.knn_exemplars import KNNExemplars

PROGRAM = "program.json"


LARGEST = 2 * 2**30
"""Bytes that a file of a program may have; the pool of MedMCQA with its vectors has a third of it."""


class InvalidProgram(UserError):
    """A frozen program that is not what it was when it was frozen, or that this release can't read."""


@dataclass(frozen=True, slots=True)
class FrozenProgram:
    """A frozen program, loaded.

    Attributes:
        directory: where it stands.
        document: what it is and where it came from.
        program: what renders its prompts.
        golden: the lines of `golden.jsonl`, as bytes.
    """

    directory: Path
    document: Document
    program: PromptProgram
    golden: bytes


def is_frozen(directory: Path) -> bool:
    """Whether this is the directory of a frozen program, sound or not."""
    try:
        return (directory / PROGRAM).is_file()
    except OSError:  # such as a name that is too long for one
        return False


def load_program(directory: str | Path, embedder: str | None = None, vectors: Path | None = None) -> FrozenProgram:
    """The program in a directory.

    Args:
        directory: that `freeze` wrote.
        embedder: where the embedder lies on this machine, if not where its own name says; it has to be the same one.
        vectors: folder in which vectors of looked-up questions are kept; None keeps none.

    Raises:
        Refused: a byte differs from what was frozen, a file is missing or does not belong, or the schema is unknown.
    """
    directory = Path(directory)
    content = _read(directory, PROGRAM)
    document = _document(directory, content)
    files = _files(directory, document)
    try:
        source = _source(document, files, embedder, vectors)
        if golden.FILE not in files or CARD not in files:
            raise ValueError(f"{golden.FILE} or {CARD} is missing")
    except (ValueError, KeyError, TypeError, OSError, pa.ArrowException) as error:
        raise InvalidProgram(f"{directory}: its parts do not fit together ({_line(error)}); freeze it anew") from error
    return FrozenProgram(directory, document, _program(document, source), files[golden.FILE])


def _document(directory: Path, content: bytes) -> Document:
    file = directory / PROGRAM
    try:
        values = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InvalidProgram(f"{file}: not JSON ({error}); take the file as it was frozen") from error
    version = values.get("schema_version") if isinstance(values, dict) else None
    if type(version) is not int or version != SCHEMA_VERSION:
        raise InvalidProgram(
            f"{file}: its schema version is {repr(version)[:20]}, and this release of openmedlm reads "
            f"{SCHEMA_VERSION}; take the release that it was frozen with"
        )
    if not holds_together(content):
        raise InvalidProgram(
            f"{file}: was changed after it was frozen; take the file as it was frozen, or freeze it anew"
        )
    try:
        return Document.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidProgram(f"{file}: {where}: {first['msg']}; freeze the program anew") from error


def _files(directory: Path, document: Document) -> Mapping[str, bytes]:
    """The other files' contents, each the one that was frozen."""
    known = {exemplar_table.FILE, golden.FILE, CARD}
    if not set(document.files) <= known:
        raise InvalidProgram(f"{directory / PROGRAM}: names files that no program has; freeze it anew")
    present = {path.name for path in directory.iterdir() if not path.name.startswith(".")}
    strangers = sorted(present - set(document.files) - {PROGRAM})
    if strangers:
        raise InvalidProgram(f"{directory / strangers[0]}: is no part of the program; remove it")
    files = {name: _read(directory, name) for name in document.files}
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != document.files[name]:
            raise InvalidProgram(
                f"{directory / name}: was changed after the program was frozen; take the file as it was frozen"
            )
    return files


def _read(directory: Path, name: str) -> bytes:
    """A file's content: one of the directory's own, and no larger than such a file can be."""
    try:
        with open(directory / name, "rb", opener=_open) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InvalidProgram(f"{directory / name}: is no plain file; take the one that was frozen")
            if status.st_size > LARGEST:
                raise InvalidProgram(
                    f"{directory / name}: {status.st_size:,} bytes are more than a program's file can have"
                )
            return file.read()
    except FileNotFoundError:
        what = "is missing" if directory.is_dir() else "no such directory"
        raise InvalidProgram(f"{directory / name}: {what}; name the directory of a frozen program") from None
    except OSError as error:
        raise InvalidProgram(f"{directory / name}: {error.strerror}; name the directory of a frozen program") from error


def _open(path: str, flags: int) -> int:
    """Follows no link, which may lead anywhere, and waits for no pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _source(
    document: Document, files: Mapping[str, bytes], embedder: str | None, folder: Path | None
) -> ExemplarSource:
    described = document.exemplars
    if not isinstance(described, Fixed | Nearest):
        return FixedExemplars()
    exemplars, vectors = exemplar_table.read_table(files[exemplar_table.FILE], described.count)
    if len(exemplars) != described.count:
        raise ValueError(f"{len(exemplars)} exemplars, and {described.count} are due")
    if isinstance(described, Fixed):
        return FixedExemplars(exemplars)
    pinned = described.embedder
    if vectors is None or vectors.shape != (described.count, pinned.dimension) or not np.isfinite(vectors).all():
        raise ValueError("the vectors are not those that are due")
    index = NeighbourIndex(
        tuple(exemplar.question for exemplar in exemplars),
        vectors,
        PinnedEmbedder(pinned.name, pinned.fingerprint, embedder),
        described.index,
        folder,
    )
    return KNNExemplars(index, exemplars, described.k, described.balance, described.seed, described.order)


def _program(document: Document, source: ExemplarSource) -> PromptProgram:
    return PromptProgram(
        strategy=document.strategy,
        instructions=document.instructions,
        template=document.template,
        reasoning=document.reasoning,
        decode=document.decode,
        exemplars=source,
        votes=document.votes,
        shuffle=document.shuffle,
        seed=document.seed,
        member=document.member,
    )


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
