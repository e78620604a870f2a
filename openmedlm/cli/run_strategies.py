"""Shared part of evaluate and ladder: plan, run, save, print, and exit with the right code."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from openmedlm.cli.tables import estimate_table, ladder_table
from openmedlm.options import EvaluateOptions, Output, TrackingOptions
from openmedlm.runs import check_free
from openmedlm.runs.estimate import describe_thoughts, estimate_plan
from openmedlm.runs.execute import Report, execute
from openmedlm.runs.plan import Plan, plan
from openmedlm.runs.save import save_run
from openmedlm.terminal.console import NOT_ADVICE, count_noun, describe_teacher, one_line, print_json, wide_console
from openmedlm.terminal.progress import Progress

if TYPE_CHECKING:
    from openmedlm.tracking.mlflow import Tracker

UNANSWERED = 3
"""Exit code of a run with unanswered questions or errors."""

FEW_QUESTIONS = 300
"""Number of questions below which the printed table warns of wide intervals."""

MAX_CAUSES = 5
"""Most frequent causes of unanswered questions that are printed."""


def run_strategies(
    names: Sequence[str], options: EvaluateOptions, directory: Path | None, *, skip_missing_rationales: bool = False
) -> None:
    """Run programs over a split and print the results.

    Args:
        names: Strategies and directories of frozen programs, in the order of the table.
        options: All options of the command.
        directory: Directory of the run; None writes none.
        skip_missing_rationales: Skip a strategy whose exemplars or rationales the pool lacks, instead of refusing it.
    """
    planned = plan(names, options, skip_missing_rationales=skip_missing_rationales)
    for name, reason in planned.skipped.items():
        print(f"{name} skipped: {reason}", file=sys.stderr)
    if options.preview.dry_run:
        print_estimates(planned, options.output)
        return
    tracker = open_tracker(options.tracking)
    if directory is not None:
        check_free(directory, planned.config())
    report = execute(planned, Progress(), keep_prompts=directory is not None)
    if directory is not None:
        save_run(directory, planned, report)
    _print_report(planned, report, options.output)
    if tracker is not None:
        from openmedlm.tracking.mlflow import track_runs

        track_runs(tracker, planned, report, directory)
    if any(result.summary.unanswered or result.summary.errors for result in report.results):
        raise typer.Exit(UNANSWERED)


def open_tracker(tracking: TrackingOptions) -> "Tracker | None":
    """Open the experiment tracker of the options; None if they name none.

    Raises:
        UserError: The tracker cannot be used; raised before any request is sent.
    """
    if tracking.mlflow is None:
        return None
    from openmedlm.tracking.mlflow import Tracker

    return Tracker(tracking.mlflow)


def print_estimates(planned: Plan, output: Output) -> None:
    """Print the estimated cost of each program of a plan."""
    estimates = estimate_plan(planned)
    if output.json:
        runs = [{"program": name, **estimated.as_json()} for name, estimated in estimates.items()]
        print_json({"dry_run": True, "runs": runs})
    else:
        wide_console().print(estimate_table(estimates))
        thoughts = sum(each.completion_tokens_if_thinking or 0 for each in estimates.values())
        if thoughts:
            print(describe_thoughts(thoughts))


def _print_report(planned: Plan, report: Report, output: Output) -> None:
    if output.json:
        print_json(
            {
                "benchmark": planned.benchmark,
                "model": planned.calls.endpoint.model,
                "teacher": planned.pool.teacher,
                **report.as_json(),
                "skipped": planned.skipped,
            }
        )
    else:
        size = count_noun(len(planned.questions), "question")
        title = f"{planned.benchmark}, {planned.split}, {size}, {planned.calls.endpoint.model}"
        console = wide_console()
        console.print(ladder_table(title, report.results, planned.skipped))
        console.print(_notes(planned, report.test_evaluations), highlight=False)
    for cause, count in _causes(report).most_common(MAX_CAUSES):
        print(f"{count_noun(count, 'question')} without an answer: {one_line(cause)}", file=sys.stderr)


def _causes(report: Report) -> Counter[str]:
    """Count the questions without an answer by cause."""
    return Counter(
        outcome.error or "no answer letter in the completion"
        for result in report.results
        if result.summary.unanswered or result.summary.errors
        for outcome in result.outcomes
        if outcome.answer is None
    )


def _notes(planned: Plan, test_evaluations: int | None) -> str:
    n = len(planned.questions)
    lines = []
    if planned.pool.teacher is not None:
        lines.append(f"Rationales of the exemplars: {describe_teacher(planned.pool.teacher)}.")
    if test_evaluations is not None:
        lines.append(f"Evaluations of this model on this test split so far: {test_evaluations}.")
    if n and n < FEW_QUESTIONS:
        lines.append(f"With {n} questions, only large differences between strategies are reliable; see the intervals.")
    return "\n".join([*lines, NOT_ADVICE])
