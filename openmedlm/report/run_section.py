"""Text and tables of a run: heading, results, answer parsing rules."""

from collections.abc import Iterator, Sequence
from typing import Any

from openmedlm.metrics import Comparison, Outcome, benjamini_hochberg, compare
from openmedlm.metrics.pairing import pair_outcomes
from openmedlm.runs import Run
from openmedlm.terminal.console import describe_teacher, dollars, thousands
from openmedlm.tuning.report_text import points

NOTE = (
    "Accuracy: errors and questions without an answer count as not correct; CI is the Wilson confidence interval. "
    "Standard error: clustered, so that repeated questions and questions on one passage count together. "
    "Macro accuracy: mean over subjects."
)


def run_title(run: Run) -> str:
    """Return benchmark, split and model."""
    config = run.config
    return f"{config['benchmark']} {config['split']}: {config['model']}"


def describe_run(run: Run) -> list[str]:
    """Return sentences on the questions, the rationales, the use of test, and the strategies that did not run."""
    config = run.config
    lines = [f"{config['questions']['count']:,} questions. Data source: {config['source']}."]
    if config.get("teacher"):
        lines.append(f"Rationales of the exemplars: {describe_teacher(config['teacher'])}.")
    if run.timing.get("test_evaluations") is not None:
        lines.append(f"Evaluations of this model on this test split so far: {run.timing['test_evaluations']}.")
    for name, why in run.results["skipped"].items():
        lines.append(f"{name} was not run: {why}.")
    return lines


def run_headings(run: Run) -> list[str]:
    """Return the column headings of the results, after the name of the program."""
    compared = [f"vs {_baseline(run)}, points [95 % CI]", "p value", "adjusted p value"] if _has_comparison(run) else []
    return [
        "correct",
        "accuracy % [95 % CI]",
        "standard error, points",
        "macro accuracy %",
        *compared,
        "no answer",
        *(["truncated"] if _has_truncated(run) else []),
        "errors",
        "API calls",
        "input tokens",
        "output tokens",
        *(["reasoning tokens"] if _has_reasoning_tokens(run) else []),
        "cost",
        "cost per correct answer",
    ]


def run_note(run: Run) -> str:
    """Return the explanation below the results."""
    if not _has_comparison(run):
        return NOTE
    return (
        f"{NOTE} vs {_baseline(run)}: difference in percentage points on the questions that both programs were asked "
        "(Agresti and Min 2005), with the exact McNemar p value, adjusted for the rows of this table (Benjamini and "
        "Hochberg 1995)."
    )


def run_rows(run: Run) -> list[dict[str, Any]]:
    """Return one row per program: its name, and the cells below `run_headings`."""
    results = run.results["runs"]
    baseline = run.outcomes[results[0]["program"]] if results else []
    comparisons = [_compare(baseline, run.outcomes[row["program"]]) for row in results[1:]]
    adjusted = benjamini_hochberg([each.p_value for each in comparisons if each])
    rows = []
    for row, comparison in zip(results, [None, *comparisons], strict=True):
        versus = ["–"] * 3 if _has_comparison(run) else []
        if comparison is not None:
            interval = f"[{points(comparison.ci_low)} to {points(comparison.ci_high)}]"
            count = "" if comparison.n == row["n"] == results[0]["n"] else f" on {comparison.n} questions"
            versus = [
                f"{points(comparison.difference)}{count} {interval}",
                f"{comparison.p_value:.3g}",
                f"{adjusted.pop(0):.3g}",
            ]
        rows.append(
            {
                "name": row["program"],
                "cells": [
                    f"{row['correct']}/{row['n']}",
                    f"{_percentage(row['accuracy'])} [{_percentage(row['ci_low'])}–{_percentage(row['ci_high'])}]",
                    _percentage(row["standard_error"]),
                    _percentage(row["macro_accuracy"]),
                    *versus,
                    str(row["unanswered"]),
                    *([f"{row['truncated']:,}"] if _has_truncated(run) else []),
                    str(row["errors"]),
                    f"{row['calls']:,}",
                    thousands(row["prompt_tokens"]),
                    thousands(row["completion_tokens"]),
                    *([_tokens(row.get("reasoning_tokens"))] if _has_reasoning_tokens(run) else []),
                    dollars(row["cost_usd"]),
                    dollars(row["cost_per_correct"]),
                ],
            }
        )
    return rows


def run_rules(run: Run) -> Iterator[dict[str, Any]]:
    """Yield one row per program and parsing rule: the votes that it decided, and how many of those were correct."""
    for row in run.results["runs"]:
        for rule, (votes, correct) in row["analysis"]["rules"].items():
            yield {"program": row["program"], "rule": rule, "votes": f"{votes:,}", "correct": f"{correct:,}"}


def _baseline(run: Run) -> str:
    """Return the name of the program that the others are compared with: the first one."""
    return str(run.results["runs"][0]["program"])


def _has_comparison(run: Run) -> bool:
    return len(run.results["runs"]) > 1


def _has_truncated(run: Run) -> bool:
    return any(row["truncated"] for row in run.results["runs"])


def _has_reasoning_tokens(run: Run) -> bool:
    return any(row.get("reasoning_tokens") for row in run.results["runs"])


def _tokens(count: int | None) -> str:
    return "–" if count is None else thousands(count)


def _percentage(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"


def _compare(baseline: Sequence[Outcome], other: Sequence[Outcome]) -> Comparison | None:
    """Compare a program with the baseline on their common questions; None if they share none."""
    paired = pair_outcomes(other, baseline)
    return compare(paired.first, paired.second) if paired.pairs else None
