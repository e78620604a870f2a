"""From a program to a directory that can prove what it is."""

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
from openmedlm.programs.frozen import exemplar_table, golden
from openmedlm.programs.frozen.card import FILE as CARD
from openmedlm.programs.frozen.card import card
from openmedlm.programs.frozen.load import PROGRAM, FrozenProgram, is_frozen, load_program
from openmedlm.programs.frozen.pinned_embedder import lasting_name
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
    sealed,
)
from openmedlm.programs.prompt_program import FixedExemplars, PromptProgram
from openmedlm.programs.retrieval import Vectors, encode_kept
from openmedlm.programs.retrieval.knn_exemplars import KNNExemplars
from openmedlm.utils.atomic import folder_beside, umask, write_atomically

_DECIDING = ("openmedlm", "dspy", "faiss-cpu", "sentence-transformers", "numpy", "pyarrow")
"""Packages that have a say in what a program is."""


@dataclass(frozen=True, slots=True)
class ProgramMetadata:
    """What is known of a program beyond how it renders.

    Attributes:
        model: the model string that it is for.
        benchmark: that it is for.
        pool: where its exemplars come from; None where there are none.
        dev: what it came to on dev; None where it was not scored.
    """

    model: str
    benchmark: str
    pool: DataSource | None
    dev: DevScore | None


def freeze_program(
    program: PromptProgram,
    directory: Path,
    facts: ProgramMetadata,
    questions: Sequence[Question],
    *,
    replace: bool = False,
) -> FrozenProgram:
    """Writes a program; the directory is there whole or not at all.

    The same program and facts give the same bytes. A directory that holds them already is left as it is.

    Args:
        program: from a compiled module's `prompt_program()`.
        directory: to be made.
        facts: go into `program.json` and the card.
        questions: rendered for `golden.jsonl`.
        replace: whether another frozen program in this place is replaced.

    Raises:
        UserError: the directory holds something else, or can't be written.
    """
    directory = directory.resolve()  # a link to a program stays a link
    files = _files(program, facts, questions)
    try:
        if all((directory / name).is_file() and (directory / name).read_bytes() == files[name] for name in files):
            return load_program(directory)
        check_place(directory, replace=replace)
        _put(files, directory)
    except OSError as error:
        raise UserError(f"{directory}: can't be written ({error.strerror}); name another with -o") from error
    return load_program(directory)


def check_place(directory: Path, *, replace: bool) -> None:
    """Refuses a place that holds something else than a frozen program, before anything is spent.

    Raises:
        UserError: it does.
    """
    _restore(directory)
    if not directory.exists():
        above = next(path for path in directory.absolute().parents if path.exists())
        if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            raise UserError(f"{directory}: nothing can be written in {above}; name another with -o")
        return
    if not directory.is_dir():
        raise UserError(f"{directory}: is a file; name a directory with -o")
    strangers = sorted({path.name for path in directory.iterdir()} - {PROGRAM, golden.FILE, exemplar_table.FILE, CARD})
    if strangers and is_frozen(directory):
        raise UserError(f"{directory / strangers[0]}: is no part of the program there, and would be lost; move it away")
    if any(directory.iterdir()) and not (replace and is_frozen(directory)):
        mend = "give --replace, or name another with -o" if is_frozen(directory) else "name another with -o"
        raise UserError(f"{directory}: is not empty; {mend}")


def _files(program: PromptProgram, facts: ProgramMetadata, questions: Sequence[Question]) -> dict[str, bytes]:
    source = program.exemplars
    exemplars: tuple[Exemplar, ...]
    asked: Vectors | None = None
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
                name=lasting_name(index.embedder),
                fingerprint=index.embedder.fingerprint,
                dimension=vectors.shape[1],
            ),
        )
        asked = encode_kept([question.question for question in questions], index.embedder, index.folder)
    elif isinstance(source, FixedExemplars):
        exemplars = source.exemplars
        described = Fixed(count=len(exemplars)) if exemplars else NoExemplars()
    else:
        raise TypeError(f"exemplars of a {type(source).__name__} can't be frozen")
    selections = source.choose(questions)
    files = {golden.FILE: golden.write_golden(golden.golden_rows(program, questions, selections, asked))}
    if exemplars:
        files[exemplar_table.FILE] = exemplar_table.write_table(exemplars, vectors)
    document = Document(
        schema_version=SCHEMA_VERSION,
        model=facts.model,
        benchmark=facts.benchmark,
        strategy=program.strategy,  # type: ignore[arg-type]  # checked as it is made
        member=program.member,  # type: ignore[arg-type]
        instructions=program.instructions,
        template=program.template,
        reasoning=program.reasoning,
        decode=program.decode,
        votes=program.votes,
        shuffle=program.shuffle,
        seed=program.seed,
        exemplars=described,
        dev=facts.dev,
        provenance=Provenance(
            pool=facts.pool if exemplars else None,
            teachers=dict(sorted(Counter(e.teacher for e in exemplars if e.teacher is not None).items())),
            orders_kept=sum(exemplar.letters is None for exemplar in exemplars),
            versions=_versions(),
        ),
        files={},
        sha256="",
    )
    files[CARD] = card(document).encode()
    hashes = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
    files[PROGRAM] = sealed(document.model_copy(update={"files": hashes}))
    return files


def _put(files: Mapping[str, bytes], directory: Path) -> None:
    """All the files in a directory beside the place, synced, then renamed into it."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    old = _aside(directory)
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


def _aside(directory: Path) -> Path:
    """Where the old program stands while the new one takes its place."""
    return directory.with_name(f".{directory.name}.old")


def _restore(directory: Path) -> None:
    """Puts back a program that stood aside when its replacement was killed."""
    if not directory.exists() and is_frozen(_aside(directory)):
        _aside(directory).rename(directory)


def _versions() -> dict[str, str]:
    return {package: found for package in _DECIDING if (found := _version(package)) is not None}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
