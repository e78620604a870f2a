"""A study as figures: history, importance, accuracy by ensemble size and temperature, cost against accuracy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import orjson
import plotly.graph_objects as go

from data import BadInput
from openmedlm.tuning.files import RESULT, TRIALS

_COLOURS = {"finished": "#1b7a5a", "stopped": "#b86e00", "broken off": "#8a8a8a", "under way": "#4a6fa5"}
_LINES = ("#1b7a5a", "#b86e00", "#4a6fa5", "#a0468c", "#6b6b00", "#c0392b")


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
        BadInput: none is there, or its files can't be read.
    """
    inside = sorted(path.parent for path in directory.glob(f"*/{RESULT}"))
    return [_read(place) for place in (inside if inside and not (directory / RESULT).exists() else [directory])]


def _read(directory: Path) -> Study:
    try:
        result = orjson.loads((directory / RESULT).read_bytes())
        trials = [orjson.loads(line) for line in (directory / TRIALS).read_bytes().splitlines()]
    except FileNotFoundError as error:
        raise BadInput(
            f"{directory}: holds no study that ended ({Path(error.filename).name} is missing); name a directory that "
            "openmedlm tune wrote with -o"
        ) from error
    except (OSError, orjson.JSONDecodeError) as error:
        raise BadInput(f"{directory}: its study can't be read ({error}); run openmedlm tune again") from error
    return Study(directory, result, trials)


def figures(study: Study) -> dict[str, go.Figure]:
    """The figures of a study by their title; those that it has nothing for are left out."""
    made: dict[str, Callable[[Study], go.Figure | None]] = {
        "History": _history,
        "Importance of each parameter": _importance,
        "Accuracy by ensemble size": _by_size,
        "Accuracy by temperature": _by_temperature,
        "Cost against accuracy": _pareto,
    }
    drawn = {title: draw(study) for title, draw in made.items()}
    return {title: figure for title, figure in drawn.items() if figure is not None}


def _history(study: Study) -> go.Figure:
    figure = _figure("trial", "accuracy on the questions that rank")
    for state in dict.fromkeys(row["state"] for row in study.trials):
        rows = [row for row in study.trials if row["state"] == state]
        figure.add_scatter(
            x=[row["number"] + 1 for row in rows],
            y=[row["accuracy"] for row in rows],
            error_y=_errors(rows),
            mode="markers",
            name=state,
            marker={"color": _COLOURS.get(state, "#8a8a8a"), "symbol": "circle" if state == "finished" else "x"},
            text=[_told(row) for row in rows],
            hoverinfo="text",
        )
    best, line = 0.0, []
    for row in study.trials:
        best = max(best, row["accuracy"]) if row["state"] == "finished" else best
        line.append(best or None)
    figure.add_scatter(
        x=[row["number"] + 1 for row in study.trials], y=line, mode="lines", line={"shape": "hv"}, name="best so far"
    )
    return figure


def _importance(study: Study) -> go.Figure | None:
    importances = study.result["importances"]
    if not importances:
        return None
    names = sorted(importances, key=importances.__getitem__)
    figure = _figure("share of the difference (PED-ANOVA)", "")
    figure.add_bar(x=[importances[name] for name in names], y=names, orientation="h", marker={"color": _LINES[0]})
    figure.update_xaxes(tickformat=".0%")
    figure.update_yaxes(tickformat="")
    return figure


def _by_size(study: Study) -> go.Figure | None:
    """The curves of the best finished trials, and the winner's with its interval."""
    finished = [row for row in study.trials if row["state"] == "finished" and len(row["curve"]) > 1]
    best = sorted(finished, key=lambda row: -max(row["curve"]))[: len(_LINES) - 1]
    curve = study.result["curve"]
    if not best and len(curve) < 2:
        return None
    figure = _figure("votes", "accuracy")
    for colour, row in zip(_LINES[1:], best, strict=False):
        votes = list(range(1, len(row["curve"]) + 1))
        name = f"trial {row['number'] + 1}: {row['program']}"
        figure.add_scatter(
            x=votes, y=row["curve"], mode="lines", name=escape(name), line={"color": colour, "width": 1}, opacity=0.7
        )
    if len(curve) > 1:
        figure.add_scatter(
            x=[point["votes"] for point in curve],
            y=[point["accuracy"] for point in curve],
            error_y=_errors(curve),
            mode="lines+markers",
            name="the winner, on tune and select",
            line={"color": _LINES[0], "width": 3},
        )
    figure.update_xaxes(dtick=1)
    return figure


def _by_temperature(study: Study) -> go.Figure | None:
    rows = [row for row in study.trials if row["state"] == "finished"]
    if len({row["configuration"]["temperature"] for row in rows}) < 2:
        return None
    figure = _figure("temperature", "accuracy on the questions that rank")
    for colour, strategy in zip(
        _LINES * 2, dict.fromkeys(row["configuration"]["strategy"] for row in rows), strict=False
    ):
        own = [row for row in rows if row["configuration"]["strategy"] == strategy]
        figure.add_scatter(
            x=[row["configuration"]["temperature"] for row in own],
            y=[row["accuracy"] for row in own],
            error_y=_errors(own),
            mode="markers",
            name=strategy,
            marker={"color": colour, "size": [6 + row["votes"] / 2 for row in own]},
            text=[_told(row) for row in own],
            hoverinfo="text",
        )
    return figure


def _pareto(study: Study) -> go.Figure | None:
    rows = sorted((row for row in study.trials if row["state"] == "finished"), key=lambda row: row["cost"])
    if not rows:
        return None
    figure = _figure(f"cost of a question ({study.result['cost_unit']})", "accuracy on the questions that rank")
    front: list[dict[str, Any]] = []
    for row in rows:
        if not front or row["accuracy"] > front[-1]["accuracy"]:
            front.append(row)
    figure.add_scatter(
        x=[row["cost"] for row in rows],
        y=[row["accuracy"] for row in rows],
        error_y=_errors(rows),
        mode="markers",
        name="trials",
        marker={"color": _LINES[2]},
        text=[_told(row) for row in rows],
        hoverinfo="text",
    )
    figure.add_scatter(
        x=[row["cost"] for row in front],
        y=[row["accuracy"] for row in front],
        mode="lines",
        line={"shape": "hv", "color": _LINES[0]},
        name="Pareto front",
    )
    figure.update_xaxes(type="log", tickformat="")
    return figure


def _figure(x: str, y: str) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        template="none",
        height=380,
        margin={"l": 70, "r": 20, "t": 20, "b": 60},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": "#777"},
        legend={"orientation": "h", "y": -0.25},
        xaxis={"title": {"text": x}},
        yaxis={"title": {"text": y}, "tickformat": ".0%"},
    )
    return figure


def _errors(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The 95 % intervals as error bars."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [row["ci_high"] - row["accuracy"] for row in rows],
        "arrayminus": [row["accuracy"] - row["ci_low"] for row in rows],
        "thickness": 1,
    }


def _told(row: dict[str, Any]) -> str:
    """What a point says of itself; plotly reads a little HTML in it, so it is escaped."""
    return escape(
        f"trial {row['number'] + 1}: {row['program']}: {row['correct']}/{row['answered']} right "
        f"({row['ci_low']:.1%}–{row['ci_high']:.1%}), {row['votes_bought']:.1f} votes a question"
    )
