"""Pool questions as exemplars, with the rationales of one teacher."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from openmedlm.data import Question, UserError, load_split
from openmedlm.optimizers.rationales import read_pool
from openmedlm.options import DataOptions
from openmedlm.programs import Exemplar, exemplar_from_explanation, to_exemplars
from openmedlm.programs.registry import WITHOUT_EXEMPLARS
from openmedlm.utils.paths import rationale_pool

DATASET = "dataset"
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class ExemplarPool:
    """Exemplars of one benchmark's pool.

    Attributes:
        benchmark: Benchmark of the pool.
        questions: Questions of the pool; empty if no strategy shows exemplars.
        teacher: Teacher of the rationales: a model string, a file, or `dataset`; None if no strategy shows rationales.
        with_rationales: Questions with the teacher's rationales; those without one are included.
    """

    benchmark: str = ""
    questions: Sequence[Question] = ()
    teacher: str | None = None
    with_rationales: Sequence[Exemplar] = ()

    def exemplars(self, *, rationales: bool) -> Sequence[Exemplar]:
        """Return the exemplars of strategies that show rationales, or of strategies that show answers only."""
        return self.with_rationales if rationales else [Exemplar(question) for question in self.questions]


def load_exemplar_pool(data: DataOptions, strategies: Iterable[str], *, rationales: bool, model: str) -> ExemplarPool:
    """Load the exemplars that some strategies need.

    Args:
        data: Benchmark, pool and teacher.
        strategies: Names of the strategies.
        rationales: Load rationales too; whether any of the strategies shows them.
        model: Model that will answer; it is the teacher of `auto` if it has a pool of its own.

    Raises:
        UserError: The benchmark has no pool, or the teacher has no rationales for it.
    """
    benchmark = data.pool or data.benchmark
    if not any(name not in WITHOUT_EXEMPLARS for name in strategies):
        return ExemplarPool(benchmark)
    questions = load_split(benchmark, "pool", data.data_dir)
    if not rationales:
        return ExemplarPool(benchmark, questions)
    return ExemplarPool(benchmark, questions, *_load_rationales(questions, benchmark, data.teacher, model))


def count_explanations(data: DataOptions) -> tuple[int, int, int]:
    """Count pool questions, usable explanations, and explanations that end on a wrong letter."""
    questions = load_split(data.pool or data.benchmark, "pool", data.data_dir)
    usable = sum(exemplar_from_explanation(question) is not None for question in questions)
    with_explanation = sum(question.explanation is not None for question in questions)
    return len(questions), usable, with_explanation - usable


def _load_rationales(
    questions: Sequence[Question], benchmark: str, teacher: str, model: str
) -> tuple[str, list[Exemplar]]:
    """Return the teacher, `auto` resolved, and the questions with its rationales."""
    if teacher == AUTO:
        own = read_pool(rationale_pool(benchmark, model))
        if own.has_rationales(questions):
            return model, [own.exemplar(question) for question in questions]
        teacher = DATASET
    return teacher, load_rationales(questions, benchmark, teacher)


def load_rationales(questions: Sequence[Question], benchmark: str, teacher: str) -> list[Exemplar]:
    """Return questions with the rationales of one teacher; those without one are included.

    Args:
        questions: Pool questions.
        benchmark: Benchmark of the pool.
        teacher: Model string, file of a rationale pool (`….jsonl`), or `dataset` for the benchmark's own explanations.

    Raises:
        UserError: There is no such rationale pool, or it cannot be read.
    """
    if teacher == DATASET:
        return to_exemplars(questions)
    named_file = teacher.endswith(".jsonl")
    file = Path(teacher) if named_file else rationale_pool(benchmark, teacher)
    if not file.exists():
        command = f"openmedlm pool -b {benchmark} -m {'MODEL -o ' if named_file else ''}{teacher}"
        raise UserError(f"no rationale pool in {file}. Create it with: {command}, or name the teacher {DATASET}.")
    pool = read_pool(file)
    return [pool.exemplar(question) for question in questions]
