"""Whose rationales a pool's exemplars show."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import dspy

from openmedlm.data import Question, UserError, load_split
from openmedlm.optimizers.rationales import read_pool
from openmedlm.options.groups import DataOptions
from openmedlm.programs import exemplar_from_explanation
from openmedlm.programs.convert import to_demo, to_demos
from openmedlm.utils.paths import rationale_pool

DATASET = "dataset"
AUTO = "auto"


class TeacherTrainset(NamedTuple):
    """Pool questions as a trainset, and whose rationales they carry."""

    teacher: str
    trainset: list[dspy.Example]


def load_trainset(questions: Sequence[Question], benchmark: str, teacher: str, model: str) -> TeacherTrainset:
    """The pool's questions with the rationales of a teacher.

    Args:
        questions: of the pool.
        benchmark: whose pool it is.
        teacher: `dataset`, a model string, the file of a rationale pool, or `auto` for the model's own pool where there
            is one and the benchmark's explanations where not.
        model: the model that will answer.

    Raises:
        UserError: the teacher has built no pool for this benchmark, or the file is none.
    """
    if teacher == AUTO:
        own = read_pool(rationale_pool(benchmark, model))
        if own.has_rationales(questions):
            return TeacherTrainset(model, [to_demo(own.exemplar(question)) for question in questions])
        teacher = DATASET
    if teacher == DATASET:
        return TeacherTrainset(DATASET, to_demos(questions))
    file = Path(teacher) if teacher.endswith(".jsonl") else rationale_pool(benchmark, teacher)
    if not file.exists():
        raise UserError(
            f"{file}: no such rationale pool; build it with: openmedlm pool -b {benchmark} -m {model} "
            f"--teacher {teacher}, or take --teacher {DATASET}"
        )
    pool = read_pool(file)
    return TeacherTrainset(teacher, [to_demo(pool.exemplar(question)) for question in questions])


def explained(data: DataOptions) -> tuple[int, int, int]:
    """Pool questions, those whose explanation can be shown, and those whose explanation closes on another letter."""
    questions = load_split(data.pool or data.benchmark, "pool", data.data_dir)
    usable = sum(exemplar_from_explanation(question) is not None for question in questions)
    with_explanation = sum(question.explanation is not None for question in questions)
    return len(questions), usable, with_explanation - usable
