"""A study as figures: history, importance, accuracy by ensemble size and temperature, cost against accuracy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from openmedlm.report.drawing import Figure, axes, colour, front, logarithmic, points
from openmedlm.tuning.files import RESULT
from openmedlm.tuning.read import read_result

RANKING = "accuracy on the search set"
CURVES = 5
"""Trials whose curves are drawn beside the winner's."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Study:
    """What `tune` wrote into a directory.

    Attributes:
        place: the directory.
        result: `tuning.json`.
        trials: the rows of `trials.jsonl`.
    """

    place: Path
    result: dict[str, Any]
    trials: Sequence[dict[str, Any]]


def read_studies(directory: Path) -> list[Study]:
    """The studies in a directory: its own, or those of several models in folders of it.

    Raises:
        UserError: none is there, or its files can't be read.
    """
    inside = sorted(path.parent for path in directory.glob(f"*/{RESULT}"))
    places = inside if inside and not (directory / RESULT).exists() else [directory]
    return [Study(place, *read_result(place)) for place in places]


def study_figures(study: Study) -> Iterator[Figure]:
    """The figures of a study; those that it has nothing for are left out."""
    finished = [row for row in study.trials if row["state"] == "complete"]
    yield _history(study)
    if study.result["importances"]:
        yield _importance(study)
    if len(study.result["curve"]) > 1 or any(len(row["curve"]) > 1 for row in finished):
        yield _by_size(study, finished)
    if len({row["configuration"]["temperature"] for row in finished}) > 1:
        yield _by_temperature(finished)
    if finished:
        yield _cost(study, finished)


def _history(study: Study) -> Figure:
    figure = axes("trial", RANKING)
    for number, state in enumerate(dict.fromkeys(row["state"] for row in study.trials)):
        rows = [row for row in study.trials if row["state"] == state]
        points(figure, state, [row["number"] + 1 for row in rows], rows, number, told=list(map(_told, rows)))
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
    return Figure("History", "Every trial, with its 95 % interval on the questions that it was asked.", figure)


def _importance(study: Study) -> Figure:
    importances = study.result["importances"]
    names = sorted(importances, key=importances.__getitem__)
    figure = axes("share of the difference (PED-ANOVA)", "", percent_x=True, percent_y=False)
    figure.add_bar(x=[importances[name] for name in names], y=names, orientation="h", marker={"color": colour(0)})
    told = f"What tells good trials from the others: {names[-1]} most."
    return Figure("Importance of each parameter", told, figure)


def _by_size(study: Study, finished: Sequence[Row]) -> Figure:
    """The curves of the best finished trials, and the winner's with its interval."""
    several = [row for row in finished if len(row["curve"]) > 1]
    best = sorted(several, key=lambda row: -max(row["curve"]))[:CURVES]
    curve = study.result["curve"]
    figure = axes("votes", "accuracy")
    for number, row in enumerate(best, start=1):
        figure.add_scatter(
            x=list(range(1, len(row["curve"]) + 1)),
            y=row["curve"],
            mode="lines",
            name=escape(f"trial {row['number'] + 1}: {row['program']}"),
            line={"color": colour(number), "width": 1},
        )
    if len(curve) > 1:
        votes = [point["votes"] for point in curve]
        points(figure, "the winner, on all dev questions", votes, curve, 0, mode="lines+markers")
    figure.update_xaxes(dtick=1)
    told = "Votes nest: one trial tells the accuracy of every size up to its own."
    return Figure("Accuracy by ensemble size", told, figure)


def _by_temperature(finished: Sequence[Row]) -> Figure:
    figure = axes("temperature", RANKING)
    for number, strategy in enumerate(dict.fromkeys(row["configuration"]["strategy"] for row in finished)):
        rows = [row for row in finished if row["configuration"]["strategy"] == strategy]
        marker = {"color": colour(number), "size": [6 + row["votes"] / 2 for row in rows]}
        heat = [row["configuration"]["temperature"] for row in rows]
        points(figure, strategy, heat, rows, number, told=list(map(_told, rows)), marker=marker)
    return Figure("Accuracy by temperature", "Finished trials; the larger the mark, the more votes.", figure)


def _cost(study: Study, finished: Sequence[Row]) -> Figure:
    figure = axes(f"cost of a question ({study.result['cost_unit']})", RANKING)
    points(figure, "trials", [row["cost"] for row in finished], finished, 2, told=list(map(_told, finished)))
    best = front([(row["cost"], row["accuracy"]) for row in finished])
    figure.add_scatter(
        x=[cost for cost, _ in best],
        y=[accuracy for _, accuracy in best],
        mode="lines",
        line={"shape": "hv", "color": colour(0)},
        name="Pareto front",
    )
    logarithmic(figure, [row["cost"] for row in finished])
    return Figure("Cost against accuracy", "Trials on the line: no other is both cheaper and more often right.", figure)


def _told(row: Row) -> str:
    """What a point says of itself."""
    return (
        f"trial {row['number'] + 1}: {row['program']}: {row['correct']}/{row['answered']} right "
        f"({row['ci_low']:.1%}–{row['ci_high']:.1%}), {row['votes_requested']:.1f} votes a question"
    )
