"""From a plan to a frozen program."""

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

GOLDEN = 5
"""Dev questions whose prompts go into `golden.jsonl`."""


def may_replace(directory: Path, plan: Plan, name: str, *, replace: bool) -> bool:
    """Whether what stands in a place may make room for the plan's program, told before anything is spent.

    The same program, for the same model and scored on the same questions, is the same compilation, which may not have
    been answered in full then.

    Raises:
        UserError: the place holds something else, or can't be written.
    """
    replace = replace or _is_same(directory, plan, name)
    check_target_directory(directory, replace=replace)
    return replace


def _is_same(directory: Path, plan: Plan, name: str) -> bool:
    if not is_frozen(directory):
        return False
    try:
        there = load_program(directory)
    except InvalidProgram:
        return False
    dev = there.document.dev
    questions = _origin(plan, plan.benchmark, plan.split, plan.questions)
    return (
        there.program.digest() == plan.programs[name].digest()
        and (there.document.model, there.document.benchmark) == (plan.calls.endpoint.model, plan.benchmark)
        and (dev is None or dev.questions == questions)
    )


def freeze_plan(plan: Plan, name: str, summary: Summary | None, directory: Path, *, replace: bool) -> FrozenProgram:
    """Writes the plan's program of that name, with what it came to on the plan's questions where that is known.

    Raises:
        UserError: the place holds something else, or can't be written.
    """
    program = plan.programs[name]
    facts = ProgramMetadata(
        model=plan.calls.endpoint.model,
        benchmark=plan.benchmark,
        pool=_origin(plan, plan.pool_benchmark, "pool", plan.pool) if plan.pool else None,
        dev=None if summary is None else _dev_score(plan, summary),
    )
    return freeze_program(program, directory, facts, subsample(plan.questions, GOLDEN), replace=replace)


def _dev_score(plan: Plan, summary: Summary) -> DevScore:
    return dev_score(summary, _origin(plan, plan.benchmark, plan.split, plan.questions), plan.calls.policy.on_unparsed)


def dev_score(summary: Summary, questions: DataSource, on_unparsed: str) -> DevScore:
    """What a program came to, as its frozen form records it."""
    told = summary.as_json()
    counts = {name: told[name] for name in DevScore.model_fields if name in told and name != "by_subject"}
    analysis = summary.analysis
    return DevScore(
        questions=questions,
        unreadable=to_stored_unreadable(on_unparsed),
        **counts,
        by_subject={name: _share(score) for name, score in summary.by_subject.items()},
        by_letter={letter: _share(score) for letter, score in analysis.position.recall.items()},
        by_size=[_share(size.score) for size in analysis.sizes] if len(analysis.sizes) > 1 else [],
        calibration_error=analysis.calibration.ece if analysis.calibration else None,
    )


def _share(score: Score) -> CorrectCount:
    return CorrectCount(n=score.n, correct=score.correct)


def _origin(plan: Plan, benchmark: str, split: str, questions: Sequence[Question]) -> DataSource:
    return origin(plan.source, benchmark, split, questions)


def origin(source: str, benchmark: str, split: str, questions: Sequence[Question]) -> DataSource:
    """Where questions came from, as a frozen program records it.

    Args:
        source: `hub`, `sample` or a folder, whose name is not recorded.
        benchmark, split: which they are.
        questions: fingerprinted.
    """
    kind: Literal["hub", "sample", "files"] = "hub"
    if source != "hub":
        kind = "sample" if source == "sample" else "files"
    return DataSource(
        benchmark=benchmark, split=split, source=kind, count=len(questions), sha256=fingerprint(questions)
    )
