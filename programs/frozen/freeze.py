"""Freezing: write a program to a directory that can be verified."""

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from openmedlm.data import Question, UserError
from openmedlm.programs.exemplar import Exemplar
from openmedlm.programs.frozen.card import CARD_FILE, render_card
from openmedlm.programs.frozen.exemplar_table import EXEMPLARS_FILE, write_table
from openmedlm.programs.frozen.golden import GOLDEN_FILE, golden_rows, write_golden
from openmedlm.programs.frozen.load import PROGRAM_FILE, FrozenProgram, is_frozen, load_program
from openmedlm.programs.frozen.pinned_embedder import stable_name
from openmedlm.programs.frozen.schema import (
    SCHEMA_VERSION,
    DataSource,
    DevScore,
    Document,
    Embedding,
    Fixed,
    Nearest,
    NoExemplars,
    Provenance,
    serialize_document,
)
from openmedlm.programs.prompt_program import FixedExemplars, PromptProgram
from openmedlm.programs.retrieval import Vectors, encode_cached
from openmedlm.programs.retrieval.knn_exemplars import KNNExemplars
from openmedlm.utils.atomic import folder_beside, umask, write_atomically

_RECORDED_PACKAGES = ("openmedlm", "dspy", "faiss-cpu", "sentence-transformers", "numpy", "pyarrow")
"""Packages whose versions are recorded, since they affect a program."""


@dataclass(frozen=True, slots=True)
class ProgramMetadata:
    """Metadata of a program: its model, benchmark, data and score.

    Attributes:
        model: Model string that the program was made for.
        benchmark: Benchmark that the program was made for.
        pool: Source of its exemplars; None if it has none.
        dev: Score on dev questions; None if it was not scored.
    """

    model: str
    benchmark: str
    pool: DataSource | None
    dev: DevScore | None


def freeze_program(
    program: PromptProgram,
    directory: Path,
    metadata: ProgramMetadata,
    questions: Sequence[Question],
    *,
    replace: bool = False,
) -> FrozenProgram:
    """Write a program to a directory; the directory appears complete or not at all.

    The same program and metadata give the same bytes. A directory that already holds these bytes is left unchanged.

    Args:
        program: Program of a compiled module, from `prompt_program()`.
        directory: Directory to create.
        metadata: Metadata for `program.json` and the card.
        questions: Questions to render for `golden.jsonl`.
        replace: Whether to replace another frozen program in the directory.

    Raises:
        UserError: The directory has other contents or can't be written.
    """
    directory = directory.resolve()  # a link to a program stays a link
    files = _files(program, metadata, questions)
    try:
        if all((directory / name).is_file() and (directory / name).read_bytes() == files[name] for name in files):
            return load_program(directory)
        check_target_directory(directory, replace=replace)
        _write(files, directory)
    except OSError as error:
        raise UserError(f"can't write {directory}: {error.strerror}. Choose another directory (-o).") from error
    return load_program(directory)


def check_target_directory(directory: Path, *, replace: bool) -> None:
    """Check, before any request is sent, that a program can be written to the directory.

    Raises:
        UserError: The directory has other contents or can't be written.
    """
    _restore(directory)
    if not directory.exists():
        parent = next(path for path in directory.absolute().parents if path.exists())
        if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
            raise UserError(f"can't write {directory}: no write access to {parent}. Choose another directory (-o).")
        return
    if not directory.is_dir():
        raise UserError(f"not a directory: {directory}. Choose another one (-o).")
    extra = sorted({path.name for path in directory.iterdir()} - {PROGRAM_FILE, GOLDEN_FILE, EXEMPLARS_FILE, CARD_FILE})
    if extra and is_frozen(directory):
        raise UserError(f"replacing the program would delete another file: {directory / extra[0]}. Move it elsewhere.")
    if any(directory.iterdir()) and not (replace and is_frozen(directory)):
        replace_it = "Replace the program (--replace; replace=True in Python), or choose"
        fix = replace_it if is_frozen(directory) else "Choose"
        raise UserError(f"directory not empty: {directory}. {fix} another directory (-o).")


def _files(program: PromptProgram, metadata: ProgramMetadata, questions: Sequence[Question]) -> dict[str, bytes]:
    source = program.exemplars
    exemplars: tuple[Exemplar, ...]
    question_vectors: Vectors | None = None
    vectors: Vectors | None = None
    described: NoExemplars | Fixed | Nearest
    if isinstance(source, KNNExemplars):
        index = source.index
        exemplars, vectors = source.pool, index.vectors
        described = Nearest(
            count=len(exemplars),
            k=source.k,
            index=index.kind,
            balance=source.balance,
            seed=source.seed,
            order=source.order,
            embedder=Embedding(
                name=stable_name(index.embedder),
                fingerprint=index.embedder.fingerprint,
                dimension=vectors.shape[1],
            ),
        )
        question_vectors = encode_cached([question.question for question in questions], index.embedder, index.folder)
    elif isinstance(source, FixedExemplars):
        exemplars = source.exemplars
        described = Fixed(count=len(exemplars)) if exemplars else NoExemplars()
    else:
        raise TypeError(f"can't freeze exemplars of a {type(source).__name__}")
    retrieved = source.choose(questions)
    files = {GOLDEN_FILE: write_golden(golden_rows(program, questions, retrieved, question_vectors))}
    if exemplars:
        files[EXEMPLARS_FILE] = write_table(exemplars, vectors)
    document = Document(
        schema_version=SCHEMA_VERSION,
        model=metadata.model,
        benchmark=metadata.benchmark,
        strategy=program.strategy,  # type: ignore[arg-type]  # pydantic checks the name
        member=program.member,  # type: ignore[arg-type]
        instructions=program.instructions,
        template=program.template,
        reasoning=program.reasoning,
        decode=program.decode,
        votes=program.votes,
        shuffle=program.shuffle,
        seed=program.seed,
        exemplars=described,
        dev=metadata.dev,
        provenance=Provenance(
            pool=metadata.pool if exemplars else None,
            teachers=dict(sorted(Counter(e.teacher for e in exemplars if e.teacher is not None).items())),
            orders_kept=sum(exemplar.letters is None for exemplar in exemplars),
            versions=_versions(),
        ),
        files={},
        sha256="",
    )
    files[CARD_FILE] = render_card(document).encode()
    hashes = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
    files[PROGRAM_FILE] = serialize_document(document.model_copy(update={"files": hashes}))
    return files


def _write(files: Mapping[str, bytes], directory: Path) -> None:
    """Write and sync all files in a directory beside the target, then rename it to the target."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    old = _backup_path(directory)
    shutil.rmtree(old, ignore_errors=True)
    try:
        with folder_beside(directory) as draft:
            for name, content in files.items():
                write_atomically(draft / name, [content])
            draft.chmod(0o777 & ~umask())
            if directory.exists():
                directory.rename(old)
            draft.rename(directory)
    except BaseException:
        if old.exists() and not directory.exists():
            old.rename(directory)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _backup_path(directory: Path) -> Path:
    """Return the path of the old program during its replacement."""
    return directory.with_name(f".{directory.name}.old")


def _restore(directory: Path) -> None:
    """Restore the old program if its replacement was killed."""
    if not directory.exists() and is_frozen(_backup_path(directory)):
        _backup_path(directory).rename(directory)


def _versions() -> dict[str, str]:
    return {package: release for package in _RECORDED_PACKAGES if (release := _version(package)) is not None}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
