"""Verification that a frozen program still renders its golden prompts."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openmedlm.data import Question
from openmedlm.programs.frozen.golden import GOLDEN_FILE, golden_line, golden_rows, read_golden
from openmedlm.programs.frozen.load import FrozenProgram, InvalidProgram, load_program
from openmedlm.programs.retrieval import Vectors
from openmedlm.programs.retrieval.knn_exemplars import KNNExemplars
from openmedlm.programs.retrieved import RetrievedExemplars

MIN_COSINE = 0.9999
"""Minimum cosine of a question's vector and its golden one; rounding differs between processors."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Result of a successful verification.

    Attributes:
        frozen: The program.
        files: Number of files with a correct checksum.
        prompts: Number of prompts rendered byte for byte.
    """

    frozen: FrozenProgram
    files: int
    prompts: int


def verify_program(directory: str | Path, embedder: str | None = None) -> Verification:
    """Load a program, which checks every byte of it, and render its golden prompts.

    If the program retrieves, exemplars are retrieved twice: by the golden vectors, and by the embedder's present
    vectors of the golden questions.

    Args:
        directory, embedder: See `load_program`.

    Raises:
        InvalidProgram: The program was changed or renders other prompts.
        UserError: Its embedder is not installed.
    """
    frozen = load_program(directory, embedder)
    try:
        rows = read_golden(frozen.golden)
        golden = _vectors(frozen, [vector for _, vector, _ in rows])
        if not rows:
            raise ValueError("the file is empty")
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidProgram(
            f"no golden prompts in {frozen.directory / GOLDEN_FILE}: {error}. Freeze the program again."
        ) from error
    questions = [question for question, _, _ in rows]
    expected = [line for _, _, line in rows]
    source = frozen.program.exemplars
    if isinstance(source, KNNExemplars) and golden is not None:
        now = source.index.embedder.encode([question.question for question in questions])
        _check_direction(frozen.directory, golden, now)
        for vectors in (golden, now):
            _check(frozen, questions, source.choose_by_vector(vectors, questions), golden, expected)
    else:
        _check(frozen, questions, source.choose(questions), None, expected)
    return Verification(frozen, len(frozen.document.files) + 1, len(rows) * frozen.program.votes)


def _vectors(frozen: FrozenProgram, vectors: list[list[float] | None]) -> Vectors | None:
    """Return the golden vectors if the program retrieves, shape (questions, dimension)."""
    if not isinstance(frozen.program.exemplars, KNNExemplars):
        return None
    golden = np.array(vectors, dtype=np.float32)
    if golden.ndim != 2:
        raise ValueError("a vector is missing")
    return golden


def _check(
    frozen: FrozenProgram,
    questions: list[Question],
    retrieved: list[RetrievedExemplars],
    vectors: Vectors | None,
    expected: list[bytes],
) -> None:
    for number, row in enumerate(golden_rows(frozen.program, questions, retrieved, vectors)):
        if golden_line(row) != expected[number]:
            raise InvalidProgram(
                f"changed prompt in {frozen.directory / GOLDEN_FILE}:{number + 1}: question {questions[number].id}. "
                "Use the release of openmedlm that the program was frozen with: "
                f"{frozen.document.provenance.versions.get('openmedlm')}."
            )


def _check_direction(directory: Path, golden: Vectors, now: Vectors) -> None:
    if golden.shape != now.shape or float(np.einsum("ij,ij->i", golden, now).min(initial=1.0)) < MIN_COSINE:
        raise InvalidProgram(
            f"changed vectors of the questions in {directory / GOLDEN_FILE}. Set --embedder to the original embedder."
        )
