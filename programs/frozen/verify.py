"""Proof that a frozen program still renders what it rendered."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openmedlm.data import Question
from openmedlm.programs.frozen.golden import FILE, golden_rows, line, read_golden
from openmedlm.programs.frozen.load import FrozenProgram, InvalidProgram, load_program
from openmedlm.programs.retrieval import Vectors
from openmedlm.programs.retrieval.knn_exemplars import KNNExemplars
from openmedlm.programs.retrieved import RetrievedExemplars

SAME_DIRECTION = 0.9999
"""The least cosine of a question's vector to its golden one: other processors round otherwise, and that is all."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a program proved.

    Attributes:
        frozen: the program.
        files: whose checksums held.
        prompts: that it rendered, byte for byte.
    """

    frozen: FrozenProgram
    files: int
    prompts: int


def verify_program(directory: str | Path, embedder: str | None = None) -> Verification:
    """Loads a program, which checks every byte of it, and renders its golden prompts.

    Where it retrieves, exemplars are looked up twice: by the golden vectors, and by those that the embedder gives the
    golden questions now.

    Args:
        directory, embedder: as for `load_program`.

    Raises:
        Refused: it is not what was frozen, or renders otherwise.
        UserError: its embedder is not here.
    """
    frozen = load_program(directory, embedder)
    try:
        rows = read_golden(frozen.golden)
        golden = _vectors(frozen, [vector for _, vector, _ in rows])
        if not rows:
            raise ValueError("it is empty")
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidProgram(
            f"{frozen.directory / FILE}: holds no golden prompts ({error}); freeze the program anew"
        ) from error
    questions = [question for question, _, _ in rows]
    due = [written for _, _, written in rows]
    source = frozen.program.exemplars
    if isinstance(source, KNNExemplars) and golden is not None:
        now = source.index.embedder.encode([question.question for question in questions])
        _check_direction(frozen.directory, golden, now)
        for vectors in (golden, now):
            _check(frozen, questions, source.choose_by(vectors, questions), golden, due)
    else:
        _check(frozen, questions, source.choose(questions), None, due)
    return Verification(frozen, len(frozen.document.files) + 1, len(rows) * frozen.program.votes)


def _vectors(frozen: FrozenProgram, vectors: list[list[float] | None]) -> Vectors | None:
    """The golden vectors, where the program retrieves."""
    if not isinstance(frozen.program.exemplars, KNNExemplars):
        return None
    golden = np.array(vectors, dtype=np.float32)
    if golden.ndim != 2:
        raise ValueError("a vector is missing")
    return golden


def _check(
    frozen: FrozenProgram,
    questions: list[Question],
    selections: list[RetrievedExemplars],
    vectors: Vectors | None,
    due: list[bytes],
) -> None:
    for number, row in enumerate(golden_rows(frozen.program, questions, selections, vectors)):
        if line(row) != due[number]:
            raise InvalidProgram(
                f"{frozen.directory / FILE}:{number + 1}: the question {questions[number].id} now renders otherwise; "
                "take the release of openmedlm that the program was frozen with "
                f"({frozen.document.provenance.versions.get('openmedlm')})"
            )


def _check_direction(directory: Path, golden: Vectors, now: Vectors) -> None:
    if golden.shape != now.shape or float(np.einsum("ij,ij->i", golden, now).min(initial=1.0)) < SAME_DIRECTION:
        raise InvalidProgram(
            f"{directory / FILE}: the embedder gives its questions other vectors now; name that of then"
        )
