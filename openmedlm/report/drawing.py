"""What all figures have in common: colours, axes, points with their intervals."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import orjson
import plotly.graph_objects as go

COLOURS = ("#1b7a5a", "#b86e00", "#4a6fa5", "#a0468c", "#7a7a10", "#c0392b", "#2a8c9a", "#8a5a44")
"""Told apart on light and dark ground, and by most who see colours differently; symbols differ too."""
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "hexagon", "x")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its words.

    Attributes:
        title: over it.
        told: what it shows, in a sentence: for those who see the page, and for those who hear it.
        plot: what plotly draws.
    """

    title: str
    told: str
    plot: go.Figure

    def as_json(self) -> dict[str, Any]:
        """What plotly.js takes."""
        values = orjson.loads(self.plot.to_json())
        return {"data": values["data"], "layout": values["layout"]}


def colour(number: int) -> str:
    """The colour of the n-th series."""
    return COLOURS[number % len(COLOURS)]


def axes(x: str, y: str, *, percent_x: bool = False, percent_y: bool = True, height: int = 360) -> go.Figure:
    """An empty figure; the page gives it the ink of its theme."""
    figure = go.Figure()
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 60, "r": 16, "t": 12, "b": 56},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": -0.22},
        xaxis={"title": {"text": x}, "tickformat": ".0%" if percent_x else "", "automargin": True},
        yaxis={"title": {"text": y}, "tickformat": ".0%" if percent_y else "", "automargin": True},
    )
    return figure


def points(
    figure: go.Figure,
    name: str,
    x: Sequence[Any],
    scores: Sequence[Mapping[str, Any]],
    number: int,
    *,
    told: Sequence[str] | None = None,
    mode: str = "markers",
    **style: Any,
) -> None:
    """Adds accuracies with their 95 % intervals.

    Args:
        figure: to which they are added.
        name: of the series.
        x: where each stands.
        scores: with `accuracy`, `ci_low`, `ci_high`.
        number: of the series; decides colour and symbol.
        told: what each point says of itself; plotly reads a little HTML there, so it is escaped.
        mode: as plotly has it.
        style: further arguments of the trace.
    """
    style.setdefault("marker", {"color": colour(number), "symbol": SYMBOLS[number % len(SYMBOLS)]})
    figure.add_scatter(
        x=list(x),
        y=[each["accuracy"] for each in scores],
        error_y={**whiskers(scores), "color": style["marker"].get("color")},
        mode=mode,
        name=escape(name),
        line={"color": colour(number)},
        text=[escape(text) for text in told or map(describe_accuracy, scores)],
        hoverinfo="text+name" if told is None else "text",
        **style,
    )


def whiskers(scores: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The 95 % intervals as error bars."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [each["ci_high"] - each["accuracy"] for each in scores],
        "arrayminus": [each["accuracy"] - each["ci_low"] for each in scores],
        "thickness": 1,
    }


def describe_accuracy(score: Mapping[str, Any]) -> str:
    """`12/40 right, 30.0 % (18.1–45.4)`."""
    spread = f"{100 * score['ci_low']:.1f}–{100 * score['ci_high']:.1f}"
    return f"{score['correct']}/{score['n']} right, {100 * score['accuracy']:.1f} % ({spread})"


def logarithmic(figure: Any, values: Iterable[float]) -> None:
    """Makes x a logarithmic axis whose 1, 2 and 5 are written out."""
    figure.update_xaxes(type="log")
    positive = [value for value in values if value > 0]
    if positive:
        low, high = math.floor(math.log10(min(positive))), math.ceil(math.log10(max(positive)))
        ticks = [step * 10.0**power for power in range(low - 1, high + 1) for step in (1, 2, 5)]
        figure.update_xaxes(tickvals=ticks, ticktext=[f"{tick:,.10g}" for tick in ticks])


def front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of (cost, accuracy) those that no other beats in both, cheapest first."""
    best: list[tuple[float, float]] = []
    for cost, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if not best or accuracy > best[-1][1]:
            best.append((cost, accuracy))
    return best
