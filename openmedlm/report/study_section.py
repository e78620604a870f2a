"""Scores and figures of a study: history, parameter importance, ensemble size, temperature, cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from openmedlm.report.drawing import Figure, add_points, empty_figure, pareto_front, series_colour, set_log_x
from openmedlm.terminal.console import percent
from openmedlm.tuning.files import RESULT
from openmedlm.tuning.read import read_result
from openmedlm.tuning.report_text import study_scores

SEARCH_ACCURACY = "accuracy on the search set"

MAX_CURVES = 5
"""Number of trials whose curves are drawn with the winner's."""

Row = Mapping[str, Any]
"""One row of `trials.jsonl`."""


@dataclass(frozen=True, slots=True)
class Study:
    """Output of one `tune` command.

    Attributes:
        directory: Output directory.
        result: Content of `tuning.json`.
        trials: Rows of `trials.jsonl`.
    """

    directory: Path
    result: dict[str, Any]
    trials: Sequence[dict[str, Any]]


def read_studies(directory: Path) -> list[Study]:
    """Read the studies in a directory: its own, or those of several models in its folders.

    Raises:
        UserError: There is none, or its files are not readable.
    """
    inside = sorted(path.parent for path in directory.glob(f"*/{RESULT}"))
    directories = inside if inside and not (directory / RESULT).exists() else [directory]
    return [Study(each, *read_result(each)) for each in directories]


def study_figures(study: Study) -> Iterator[Figure]:
    """Yield the figures of a study, without those that have no data."""
    complete = [row for row in study.trials if row["state"] == "complete"]
    yield _history(study)
    if study.result["importances"]:
        yield _importance(study)
    if len(study.result["curve"]) > 1 or any(len(row["curve"]) > 1 for row in complete):
        yield _ensemble_sizes(study, complete)
    if len({row["configuration"]["temperature"] for row in complete}) > 1:
        yield _temperatures(complete)
    if complete:
        yield _cost(study, complete)


def score_rows(study: Study) -> Iterator[dict[str, str]]:
    """Yield one row per score of the winner and the baseline."""
    for name, score in study_scores(study.result):
        interval = f"[{100 * score['ci_low']:.1f}–{100 * score['ci_high']:.1f}]"
        yield {
            "name": name,
            "correct": f"{score['correct']}/{score['n']}",
            "accuracy": f"{100 * score['accuracy']:.1f} {interval}",
        }


def trial_rows(study: Study) -> Iterator[dict[str, str]]:
    """Yield one row per trial, in the order of their numbers."""
    for row in study.trials:
        yield {
            "number": str(row["number"] + 1),
            "program": row["program"],
            "state": row["state"],
            "correct": f"{row['correct']}/{row['answered']}",
            "accuracy": percent(row["accuracy"]).removesuffix("%"),
            "votes": f"{row['votes_requested']:.1f}",
        }


def _history(study: Study) -> Figure:
    figure = empty_figure("trial", SEARCH_ACCURACY)
    for number, state in enumerate(dict.fromkeys(row["state"] for row in study.trials)):
        rows = [row for row in study.trials if row["state"] == state]
        add_points(figure, state, [row["number"] + 1 for row in rows], rows, number, hover=list(map(_hover, rows)))
    best, line = 0.0, []
    for row in study.trials:
        best = max(best, row["accuracy"]) if row["state"] == "complete" else best
        line.append(best or None)
    figure.add_scatter(
        x=[row["number"] + 1 for row in study.trials],
        y=line,
        mode="lines",
        line={"shape": "hv", "color": "#8a8a8a"},
        name="best so far",
    )
    return Figure(
        "History", "Accuracy of each trial with its 95 % interval, on the questions that it was asked.", figure
    )


def _importance(study: Study) -> Figure:
    importances = study.result["importances"]
    names = sorted(importances, key=importances.__getitem__)
    figure = empty_figure("importance (PED-ANOVA)", "", percent_x=True, percent_y=False)
    colour = series_colour(0)
    figure.add_bar(x=[importances[name] for name in names], y=names, orientation="h", marker={"color": colour})
    caption = f"Share of each parameter in the difference between good and other trials. Highest: {names[-1]}."
    return Figure("Importance of each parameter", caption, figure)


def _ensemble_sizes(study: Study, complete: Sequence[Row]) -> Figure:
    """Draw the curves of the best complete trials, and the winner's with its intervals."""
    ensembles = [row for row in complete if len(row["curve"]) > 1]
    best = sorted(ensembles, key=lambda row: -max(row["curve"]))[:MAX_CURVES]
    curve = study.result["curve"]
    figure = empty_figure("votes per question", "accuracy")
    for number, row in enumerate(best, start=1):
        figure.add_scatter(
            x=list(range(1, len(row["curve"]) + 1)),
            y=row["curve"],
            mode="lines",
            name=escape(f"trial {row['number'] + 1}: {row['program']}"),
            line={"color": series_colour(number), "width": 1},
        )
    if len(curve) > 1:
        votes = [point["votes"] for point in curve]
        add_points(figure, "winner, search and holdout sets", votes, curve, 0, mode="lines+markers")
    figure.update_xaxes(dtick=1)
    caption = "Smaller ensembles use the first votes of the same trial."
    return Figure("Accuracy by ensemble size", caption, figure)


def _temperatures(complete: Sequence[Row]) -> Figure:
    figure = empty_figure("temperature", SEARCH_ACCURACY)
    for number, strategy in enumerate(dict.fromkeys(row["configuration"]["strategy"] for row in complete)):
        rows = [row for row in complete if row["configuration"]["strategy"] == strategy]
        marker = {"color": series_colour(number), "size": [6 + row["votes"] / 2 for row in rows]}
        temperatures = [row["configuration"]["temperature"] for row in rows]
        add_points(figure, strategy, temperatures, rows, number, hover=list(map(_hover, rows)), marker=marker)
    return Figure("Accuracy by temperature", "Complete trials; larger markers have more votes.", figure)


def _cost(study: Study, complete: Sequence[Row]) -> Figure:
    figure = empty_figure(f"cost per question ({study.result['cost_unit']})", SEARCH_ACCURACY)
    add_points(figure, "trials", [row["cost"] for row in complete], complete, 2, hover=list(map(_hover, complete)))
    best = pareto_front([(row["cost"], row["accuracy"]) for row in complete])
    figure.add_scatter(
        x=[cost for cost, _ in best],
        y=[accuracy for _, accuracy in best],
        mode="lines",
        line={"shape": "hv", "color": series_colour(0)},
        name="Pareto front",
    )
    set_log_x(figure, [row["cost"] for row in complete])
    caption = "Trials on the line: no other trial is both cheaper and more accurate."
    return Figure("Accuracy by cost", caption, figure)


def _hover(row: Row) -> str:
    """Return the hover text of a trial's point."""
    return (
        f"trial {row['number'] + 1}: {row['program']}: {row['correct']}/{row['answered']} correct "
        f"[{row['ci_low']:.1%}–{row['ci_high']:.1%}], {row['votes_requested']:.1f} votes per question"
    )
