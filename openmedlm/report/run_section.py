"""A run in words and numbers: its heading, its table, the rules that read its answers."""

from collections.abc import Iterator, Sequence
from typing import Any

from openmedlm.metrics import Comparison, Outcome, benjamini_hochberg, compare
from openmedlm.metrics.pairing import pair_outcomes
from openmedlm.runs import Run
from openmedlm.terminal.console import describe_teacher, dollars, percent, thousands
from openmedlm.tuning.report_text import points

HEADINGS = (
    "right",
    "accuracy",
    "95 %",
    "std. error",
    "macro",
    "against the first",
    "95 %",
    "p",
    "adjusted",
    "unanswered",
    "errors",
    "calls",
    "tokens in",
    "out",
    "cost",
    "a right answer",
)
NOTE = (
    "Accuracy: errors and unanswered questions count as not right; Wilson intervals. Std. error: repeated questions, "
    "and those of one passage, counted together. Macro: mean over subjects. Against the first: difference in points on "
    "the questions that both were asked (Agresti and Min 2005), exact McNemar p, adjusted for the rows of this table "
    "(Benjamini and Hochberg 1995)."
)


def run_title(run: Run) -> str:
    """Benchmark, split, model."""
    asked = run.config
    return f"{asked['benchmark']} {asked['split']}: {asked['model']}"


def describe_run(run: Run) -> list[str]:
    """What there is to know of a run beside its numbers."""
    asked = run.config
    lines = [f"{asked['questions']['count']:,} questions, from {asked['source']}."]
    if asked.get("teacher"):
        lines.append(f"Rationales of the exemplars: {describe_teacher(asked['teacher'])}.")
    if run.timing.get("test_evaluations") is not None:
        lines.append(f"Looks at this test split with this model so far: {run.timing['test_evaluations']}.")
    for name, why in run.results["skipped"].items():
        lines.append(f"{name} was left out: {why}.")
    return lines


def run_rows(run: Run) -> list[dict[str, Any]]:
    """A row a program, as the page shows it."""
    results = run.results["runs"]
    first = run.outcomes[results[0]["program"]] if results else []
    against = [_against(first, run.outcomes[row["program"]]) for row in results[1:]]
    adjusted = benjamini_hochberg([each.p_value for each in against if each])
    rows = []
    for row, compared in zip(results, [None, *against], strict=True):
        versus = ["–"] * 4
        if compared is not None:
            spread = f"{points(compared.ci_low)} to {points(compared.ci_high)}"
            asked = "" if compared.n == row["n"] == results[0]["n"] else f" on {compared.n}"
            versus = [points(compared.difference) + asked, spread, f"{compared.p_value:.3g}", f"{adjusted.pop(0):.3g}"]
        error = row["standard_error"]
        rows.append(
            {
                "name": row["program"],
                "cells": [
                    f"{row['correct']}/{row['n']}",
                    percent(row["accuracy"]),
                    f"{percent(row['ci_low'])}–{percent(row['ci_high'])}",
                    "–" if error is None else f"{100 * error:.1f}",
                    percent(row["macro_accuracy"]),
                    *versus,
                    str(row["unanswered"]),
                    str(row["errors"]),
                    f"{row['calls']:,}",
                    thousands(row["prompt_tokens"]),
                    thousands(row["completion_tokens"]),
                    dollars(row["cost_usd"]),
                    dollars(row["cost_per_correct"]),
                ],
            }
        )
    return rows


def run_rules(run: Run) -> Iterator[dict[str, Any]]:
    """Reading rules: how many votes each decided, and how many of those were right."""
    for row in run.results["runs"]:
        for rule, (votes, right) in row["analysis"]["rules"].items():
            yield {"program": row["program"], "rule": rule, "votes": f"{votes:,}", "right": f"{right:,}"}


def _against(first: Sequence[Outcome], other: Sequence[Outcome]) -> Comparison | None:
    both = pair_outcomes(other, first)
    return compare(both.first, both.second) if both.pairs else None
