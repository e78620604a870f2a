"""What `evaluate` and `ladder` share: run, write, print, and end with the right exit code."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from openmedlm.cli.tables import estimate_table, ladder_table
from openmedlm.options.groups import (
    DataOptions,
    ModelOptions,
    Output,
    PreviewOptions,
    ProgramOptions,
    RequestOptions,
    SplitOptions,
    TrackingOptions,
)
from openmedlm.runs import check_free
from openmedlm.runs.estimate import estimate_plan
from openmedlm.runs.execute import Report, execute
from openmedlm.runs.plan import Plan, plan_split
from openmedlm.runs.save import save_run
from openmedlm.terminal.console import NOT_ADVICE, count_noun, describe_teacher, in_one_line, print_json, wide_console
from openmedlm.terminal.progress import Progress

if TYPE_CHECKING:
    from openmedlm.tracking.mlflow import Tracker

UNANSWERED = 3


def report_runs(
    names: list[str],
    output: Output,
    model: ModelOptions,
    data: DataOptions,
    split: SplitOptions,
    program: ProgramOptions,
    spend: RequestOptions,
    preview: PreviewOptions,
    tracking: TrackingOptions,
    directory: Path | None,
    *,
    lenient: bool,
) -> None:
    """Runs the strategies over the split and reports.

    Args:
        names: strategies, in the order of the table.
        directory: where the run is written; None writes none.
        lenient: whether a strategy that the pool can't serve is left out with a word instead of refused.
    """
    planned = plan_split(names, model, data, split, program, spend, output.seed, lenient=lenient)
    for name, why in planned.skipped.items():
        print(f"{name} is left out: {why}", file=sys.stderr)
    if preview.dry_run:
        print_estimates(planned, output)
        return
    tracker = open_tracker(tracking)
    if directory is not None:
        check_free(directory, planned.asked())
    report = execute(planned, Progress())
    if directory is not None:
        save_run(directory, planned, report)
    if output.json:
        print_json(
            {
                "benchmark": data.benchmark,
                "model": planned.calls.endpoint.model,
                "teacher": planned.teacher,
                **report.as_json(),
                "skipped": planned.skipped,
            }
        )
    else:
        title = f"{data.benchmark}, {split.split}, {len(planned.questions):,} questions, {planned.calls.endpoint.model}"
        console = wide_console()
        console.print(ladder_table(title, report.results, planned.skipped))
        console.print(_remarks(planned, report.test_evaluations), highlight=False)
    for cause, count in _causes(report).most_common(5):
        print(f"{count_noun(count, 'question')} without an answer: {in_one_line(cause)}", file=sys.stderr)
    if tracker is not None:
        from openmedlm.tracking.mlflow import track_runs

        track_runs(tracker, planned, report, directory)
    if any(result.summary.unanswered or result.summary.errors for result in report.results):
        raise typer.Exit(UNANSWERED)


def open_tracker(tracking: TrackingOptions) -> "Tracker | None":
    """Where results are written down besides; None for nowhere.

    Raises:
        UserError: that can't be used, before anything is spent.
    """
    if tracking.mlflow is None:
        return None
    from openmedlm.tracking.mlflow import Tracker

    return Tracker(tracking.mlflow)


def print_estimates(planned: Plan, output: Output) -> None:
    """What a plan would cost."""
    estimates = estimate_plan(planned)
    if output.json:
        print_json({"dry_run": True, "runs": [{"program": name, **each.as_json()} for name, each in estimates.items()]})
    else:
        wide_console().print(estimate_table(estimates))


def _causes(report: Report) -> Counter[str]:
    """Why questions stayed without an answer, and how many each."""
    return Counter(
        outcome.error or "no letter could be read"
        for result in report.results
        if result.summary.unanswered or result.summary.errors
        for outcome in result.outcomes
        if outcome.answer is None
    )


def _remarks(planned: Plan, looks: int | None) -> str:
    n = len(planned.questions)
    lines = []
    if planned.teacher is not None:
        lines.append(f"Rationales of the exemplars: {describe_teacher(planned.teacher)}.")
    if looks is not None:
        lines.append(f"Looks at this test split with this model so far: {looks}.")
    if n and n < 300:
        lines.append(f"{n} questions tell strategies apart only when they differ a lot: mind the intervals.")
    return "\n".join([*lines, NOT_ADVICE])
