"""From a plan to a frozen program."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from data import Question, fingerprint
from metrics import Summary
from openmedlm.planning import Plan, drawn
from programs import PromptProgram
from programs.frozen import DevScore, Facts, FrozenProgram, Origin, check_place, freeze, is_frozen, load_program

GOLDEN = 5
"""Dev questions whose prompts go into `golden.jsonl`."""


def has_room(directory: Path, program: PromptProgram, *, replace: bool) -> None:
    """Refuses a place that holds something else than what the program would be, before anything is spent.

    Raises:
        BadInput: it does.
    """
    if is_frozen(directory) and load_program(directory).program.digest() == program.digest():
        return
    check_place(directory, replace=replace)


def freeze_plan(plan: Plan, name: str, summary: Summary | None, directory: Path, *, replace: bool) -> FrozenProgram:
    """Writes the plan's program of that name, with what it came to on the plan's questions where that is known.

    Raises:
        BadInput: the place holds something else, or can't be written.
    """
    program = plan.programs[name]
    facts = Facts(
        model=plan.endpoint.model,
        benchmark=plan.benchmark,
        pool=_origin(plan, plan.pool_benchmark, "pool", plan.pool) if plan.pool else None,
        dev=None if summary is None else _dev_score(plan, summary),
    )
    return freeze(program, directory, facts, drawn(plan.questions, GOLDEN), replace=replace)


def _dev_score(plan: Plan, summary: Summary) -> DevScore:
    assert summary.accuracy is not None, "a split has questions"
    assert summary.ci_low is not None
    assert summary.ci_high is not None
    return DevScore(
        questions=_origin(plan, plan.benchmark, plan.split, plan.questions),
        unreadable=plan.policy.unreadable,
        n=summary.n,
        correct=summary.correct,
        accuracy=summary.accuracy,
        ci_low=summary.ci_low,
        ci_high=summary.ci_high,
        unanswered=summary.unanswered,
        errors=summary.errors,
        calls=summary.calls,
        prompt_tokens=summary.prompt_tokens,
        completion_tokens=summary.completion_tokens,
    )


def _origin(plan: Plan, benchmark: str, split: str, questions: Sequence[Question]) -> Origin:
    source: Literal["hub", "sample", "files"] = "hub"
    if plan.source != "hub":
        source = "sample" if plan.source == "sample" else "files"
    return Origin(benchmark=benchmark, split=split, source=source, count=len(questions), sha256=fingerprint(questions))
