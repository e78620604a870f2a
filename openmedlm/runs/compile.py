"""Frozen program of a plan."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from openmedlm.data import Question, fingerprint
from openmedlm.metrics import Score, Summary
from openmedlm.programs.frozen import (
    CorrectCount,
    DataSource,
    DevScore,
    FrozenProgram,
    InvalidProgram,
    ProgramMetadata,
    check_target_directory,
    freeze_program,
    is_frozen,
    load_program,
    to_stored_unreadable,
)
from openmedlm.runs.plan import Plan, subsample

GOLDEN_QUESTIONS = 5
"""Number of dev questions whose prompts go into `golden.jsonl`."""


def can_replace(directory: Path, plan: Plan, name: str, *, replace: bool) -> bool:
    """Check the output directory before any request is sent; return whether its frozen program may be replaced.

    The same program for the same model and dev questions may always be replaced, since the earlier command may have
    ended with unanswered questions.

    Raises:
        UserError: The directory holds something else, or cannot be written.
    """
    replace = replace or _is_same(directory, plan, name)
    check_target_directory(directory, replace=replace)
    return replace


def _is_same(directory: Path, plan: Plan, name: str) -> bool:
    if not is_frozen(directory):
        return False
    try:
        existing = load_program(directory)
    except InvalidProgram:
        return False
    document = existing.document
    return (
        existing.program.digest() == plan.programs[name].digest()
        and (document.model, document.benchmark) == (plan.calls.endpoint.model, plan.benchmark)
        and (document.dev is None or document.dev.questions == _dev_source(plan))
    )


def freeze_plan(plan: Plan, name: str, summary: Summary | None, directory: Path, *, replace: bool) -> FrozenProgram:
    """Freeze the program of that name.

    Args:
        plan: Plan of the program, on dev questions.
        name: Name of the program.
        summary: Metrics on the questions of the plan; None if the program was not evaluated.
        directory: Output directory.
        replace: Replace a frozen program there.

    Raises:
        UserError: The directory holds something else, or cannot be written.
    """
    pool = plan.pool
    metadata = ProgramMetadata(
        model=plan.calls.endpoint.model,
        benchmark=plan.benchmark,
        pool=to_data_source(plan.source, pool.benchmark, "pool", pool.questions) if pool.questions else None,
        dev=None if summary is None else to_dev_score(summary, _dev_source(plan), plan.calls.policy.on_unparsed),
    )
    golden = subsample(plan.questions, GOLDEN_QUESTIONS)
    return freeze_program(plan.programs[name], directory, metadata, golden, replace=replace)


def to_dev_score(summary: Summary, questions: DataSource, on_unparsed: str) -> DevScore:
    """Convert metrics on dev to the form that a frozen program records."""
    values = summary.as_json()
    counts = {name: values[name] for name in DevScore.model_fields if name in values and name != "by_subject"}
    analysis = summary.analysis
    return DevScore(
        questions=questions,
        unreadable=to_stored_unreadable(on_unparsed),
        **counts,
        by_subject={name: _to_count(score) for name, score in summary.by_subject.items()},
        by_letter={letter: _to_count(score) for letter, score in analysis.position.recall.items()},
        by_size=[_to_count(size.score) for size in analysis.sizes] if len(analysis.sizes) > 1 else [],
        calibration_error=analysis.calibration.ece if analysis.calibration else None,
    )


def to_data_source(source: str, benchmark: str, split: str, questions: Sequence[Question]) -> DataSource:
    """Describe the source of questions as a frozen program records it.

    Args:
        source: `hub`, `sample` or a directory, whose name is not recorded.
        benchmark, split: Name of the benchmark, and of the split.
        questions: Questions, for their count and their fingerprint.
    """
    kind: Literal["hub", "sample", "files"] = "hub"
    if source != "hub":
        kind = "sample" if source == "sample" else "files"
    return DataSource(
        benchmark=benchmark, split=split, source=kind, count=len(questions), sha256=fingerprint(questions)
    )


def _dev_source(plan: Plan) -> DataSource:
    return to_data_source(plan.source, plan.benchmark, plan.split, plan.questions)


def _to_count(score: Score) -> CorrectCount:
    return CorrectCount(n=score.n, correct=score.correct)
