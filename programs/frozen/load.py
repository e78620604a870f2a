"""Loading of frozen programs: every byte is checked, no code of the directory runs, and no network is used."""

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pydantic import ValidationError

from openmedlm.data import UserError
from openmedlm.programs.frozen.card import CARD_FILE
from openmedlm.programs.frozen.exemplar_table import EXEMPLARS_FILE, read_table
from openmedlm.programs.frozen.golden import GOLDEN_FILE
from openmedlm.programs.frozen.pinned_embedder import PinnedEmbedder
from openmedlm.programs.frozen.schema import READ_VERSIONS, Document, Fixed, Nearest, has_valid_checksum
from openmedlm.programs.prompt_program import ExemplarSource, FixedExemplars, PromptProgram
from openmedlm.programs.retrieval import NeighbourIndex
from openmedlm.programs.retrieval.knn_exemplars import KNNExemplars
from openmedlm.utils.strict_json import load_json

if TYPE_CHECKING:
    from openmedlm.programs.ensemble import MajorityEnsemble
    from openmedlm.programs.strategy import Strategy

PROGRAM_FILE = "program.json"

MAX_FILE_BYTES = 2 * 2**30
"""Size limit of one file; the pool of MedMCQA with its vectors has a third of it."""


class InvalidProgram(UserError):
    """A frozen program was changed after freezing, or this release can't read it.

    Example:
        >>> from openmedlm import InvalidProgram, load_program
        >>> try:
        ...     load_program("no/such/directory")
        ... except InvalidProgram as error:
        ...     print("no program" if "no/such/directory" in str(error) else error)
        no program
    """


@dataclass(frozen=True, slots=True)
class FrozenProgram:
    """A loaded frozen program.

    Attributes:
        directory: Directory of the program.
        document: Contents of `program.json`.
        program: Program that renders the prompts.
        golden: Bytes of `golden.jsonl`.

    Example:
        >>> import tempfile
        >>> from openmedlm import ZeroShot, freeze, load_program
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     frozen = freeze(ZeroShot(), f"{folder}/program", model="openai/NAME", benchmark="medqa")
        ...     loaded = load_program(f"{folder}/program")
        >>> loaded.document.strategy, type(loaded.module()).__name__
        ('zero-shot', 'ZeroShot')
    """

    directory: Path
    document: Document
    program: PromptProgram
    golden: bytes

    def __repr__(self) -> str:
        document = self.document
        return f"{document.strategy} for {document.model} on {document.benchmark}, frozen in {self.directory}"

    def module(self) -> "Strategy | MajorityEnsemble":
        """Return the program as a DSPy module that renders the same prompts; imports DSPy."""
        from openmedlm.programs.to_module import to_module

        return to_module(self.program)


def is_frozen(directory: Path) -> bool:
    """Return True if this is the directory of a frozen program, valid or not."""
    try:
        return (directory / PROGRAM_FILE).is_file()
    except OSError:  # such as a name that is too long
        return False


def load_program(directory: str | Path, embedder: str | None = None, vectors: Path | None = None) -> FrozenProgram:
    """Load and check the program in a directory.

    Args:
        directory: Directory that `freeze_program` wrote.
        embedder: Path or name of the embedder on this machine, if its own name does not find it. It must be the same
            embedder.
        vectors: Folder that stores vectors of query questions; None stores none.

    Raises:
        InvalidProgram: A byte was changed, a file is missing or extra, or the schema is unknown.

    Example:
        >>> import tempfile
        >>> from openmedlm import ZeroShot, freeze, load_program
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     frozen = freeze(ZeroShot(), f"{folder}/program", model="openai/NAME", benchmark="medqa")
        ...     loaded = load_program(f"{folder}/program")
        >>> loaded.program.digest() == frozen.program.digest()
        True
    """
    directory = Path(directory)
    content = _read(directory, PROGRAM_FILE)
    document = _document(directory, content)
    files = _files(directory, document)
    try:
        source = _source(document, files, embedder, vectors)
        if GOLDEN_FILE not in files or CARD_FILE not in files:
            raise ValueError(f"{GOLDEN_FILE} or {CARD_FILE} is missing")
    except (ValueError, KeyError, TypeError, OSError, pa.ArrowException) as error:
        raise InvalidProgram(f"inconsistent files in {directory}: {_one_line(error)}. Freeze it again.") from error
    return FrozenProgram(directory, document, _program(document, source), files[GOLDEN_FILE])


def _document(directory: Path, content: bytes) -> Document:
    file = directory / PROGRAM_FILE
    try:
        values = load_json(content)
    except (ValueError, RecursionError) as error:
        raise InvalidProgram(f"invalid JSON in {file}: {error}. Restore the original file.") from error
    version = values.get("schema_version") if isinstance(values, dict) else None
    if type(version) is not int or version not in READ_VERSIONS:
        raise InvalidProgram(
            f"unknown schema version in {file}: {repr(version)[:20]}. This release reads {READ_VERSIONS[0]} to "
            f"{READ_VERSIONS[-1]}; use the release of openmedlm that the program was frozen with."
        )
    if not has_valid_checksum(content):
        raise InvalidProgram(
            f"file changed after freezing: {file}. Restore the original file, or freeze the program again."
        )
    try:
        return Document.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InvalidProgram(f"invalid {field} in {file}: {first['msg']}. Freeze the program again.") from error


def _files(directory: Path, document: Document) -> Mapping[str, bytes]:
    """Read the other files and check their sha256."""
    known = {EXEMPLARS_FILE, GOLDEN_FILE, CARD_FILE}
    if not set(document.files) <= known:
        raise InvalidProgram(f"unknown file names in {directory / PROGRAM_FILE}. Freeze the program again.")
    present = {path.name for path in directory.iterdir() if not path.name.startswith(".")}
    extra = sorted(present - set(document.files) - {PROGRAM_FILE})
    if extra:
        raise InvalidProgram(f"file does not belong to the program: {directory / extra[0]}. Remove it.")
    files = {name: _read(directory, name) for name in document.files}
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != document.files[name]:
            raise InvalidProgram(f"file changed after freezing: {directory / name}. Restore the original file.")
    return files


def _read(directory: Path, name: str) -> bytes:
    """Read a regular file of the directory, up to the size limit."""
    try:
        with open(directory / name, "rb", opener=_open) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InvalidProgram(f"not a regular file: {directory / name}. Restore the original file.")
            if status.st_size > MAX_FILE_BYTES:
                raise InvalidProgram(
                    f"file too large: {directory / name} has {status.st_size:,} bytes and the limit is "
                    f"{MAX_FILE_BYTES:,}. Restore the original file."
                )
            return file.read()
    except FileNotFoundError:
        wrong = f"missing file: {directory / name}" if directory.is_dir() else f"no such directory: {directory}"
        raise InvalidProgram(f"{wrong}. Give the directory of a frozen program.") from None
    except OSError as error:
        raise InvalidProgram(
            f"can't read {directory / name}: {error.strerror}. Give the directory of a frozen program."
        ) from error


def _open(path: str, flags: int) -> int:
    """Open a file without following links, which may lead anywhere, and without waiting for a pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _source(
    document: Document, files: Mapping[str, bytes], embedder: str | None, folder: Path | None
) -> ExemplarSource:
    described = document.exemplars
    if not isinstance(described, Fixed | Nearest):
        return FixedExemplars()
    exemplars, vectors = read_table(files[EXEMPLARS_FILE], described.count)
    if len(exemplars) != described.count:
        raise ValueError(f"{len(exemplars)} exemplars instead of {described.count}")
    if isinstance(described, Fixed):
        return FixedExemplars(exemplars)
    pinned = described.embedder
    if vectors is None or vectors.shape != (described.count, pinned.dimension) or not np.isfinite(vectors).all():
        raise ValueError("vectors of the wrong number or dimension, or not finite")
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


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
