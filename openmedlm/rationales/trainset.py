"""Whose rationales a pool's exemplars show."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import dspy

from openmedlm.data import BadInput, Question, load_split
from openmedlm.optimizers.rationales import read_pool
from openmedlm.options.groups import DataOptions
from openmedlm.programs import exemplar_from_explanation
from openmedlm.programs.convert import demo_of, demos_of
from openmedlm.utils.paths import rationale_pool

DATASET = "dataset"
AUTO = "auto"


class Taught(NamedTuple):
    """Pool questions as a trainset, and whose rationales they carry."""

    teacher: str
    trainset: list[dspy.Example]


def taught(questions: Sequence[Question], benchmark: str, teacher: str, model: str) -> Taught:
    """The pool's questions with the rationales of a teacher.

    Args:
        questions: of the pool.
        benchmark: whose pool it is.
        teacher: `dataset`, a model string, the file of a rationale pool, or `auto` for the model's own pool where there
            is one and the benchmark's explanations where not.
        model: the model that will answer.

    Raises:
        BadInput: the teacher has built no pool for this benchmark, or the file is none.
    """
    if teacher == AUTO:
        own = read_pool(rationale_pool(benchmark, model))
        if own.teaches(questions):
            return Taught(model, [demo_of(own.exemplar(question)) for question in questions])
        teacher = DATASET
    if teacher == DATASET:
        return Taught(DATASET, demos_of(questions))
    file = Path(teacher) if teacher.endswith(".jsonl") else rationale_pool(benchmark, teacher)
    if not file.exists():
        raise BadInput(
            f"{file}: no such rationale pool; build it with: openmedlm pool -b {benchmark} -m {model} "
            f"--teacher {teacher}, or take --teacher {DATASET}"
        )
    pool = read_pool(file)
    return Taught(teacher, [demo_of(pool.exemplar(question)) for question in questions])


def explained(data: DataOptions) -> tuple[int, int, int]:
    """Pool questions, those whose explanation can be shown, and those whose explanation closes on another letter."""
    questions = load_split(data.pool or data.benchmark, "pool", data.data_dir)
    usable = sum(exemplar_from_explanation(question) is not None for question in questions)
    with_explanation = sum(question.explanation is not None for question in questions)
    return len(questions), usable, with_explanation - usable
