"""Parts that all figures share: colours, axes, points with their intervals."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import orjson
import plotly.graph_objects as go

COLOURS = ("#1b7a5a", "#b86e00", "#4a6fa5", "#a0468c", "#7a7a10", "#c0392b", "#2a8c9a", "#8a5a44")
"""Colours of series, distinct on light and dark backgrounds and for most kinds of colour blindness."""
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "hexagon", "x")
"""Symbols of series, which also distinguish them without colour."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Figure with its text.

    Attributes:
        title: Heading above the figure.
        caption: Sentences below it, which screen readers also read.
        plot: Plotly figure.
    """

    title: str
    caption: str
    plot: go.Figure

    def as_json(self) -> dict[str, Any]:
        """Return `data` and `layout` for plotly.js."""
        values = orjson.loads(self.plot.to_json())
        return {"data": values["data"], "layout": values["layout"]}


def series_colour(number: int) -> str:
    """Return the colour of the n-th series, counted from 0."""
    return COLOURS[number % len(COLOURS)]


def empty_figure(x: str, y: str, *, percent_x: bool = False, percent_y: bool = True, height: int = 360) -> go.Figure:
    """Return a figure with axis titles and no data; the page adds the colours of its theme."""
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


def add_points(
    figure: go.Figure,
    name: str,
    x: Sequence[Any],
    scores: Sequence[Mapping[str, Any]],
    number: int,
    *,
    hover: Sequence[str] | None = None,
    mode: str = "markers",
    **style: Any,
) -> None:
    """Add accuracies with their 95 % intervals as one series.

    Args:
        figure: Figure to change.
        name: Name of the series in the legend.
        x: Position of each point.
        scores: Mappings with `accuracy`, `ci_low` and `ci_high`, as shares between 0 and 1.
        number: Number of the series; decides colour and symbol.
        hover: Hover text of each point, escaped here because plotly renders HTML. Default: the accuracy.
        mode: Plotly's mode of the trace.
        style: Further arguments of the trace.
    """
    style.setdefault("marker", {"color": series_colour(number), "symbol": SYMBOLS[number % len(SYMBOLS)]})
    figure.add_scatter(
        x=list(x),
        y=[each["accuracy"] for each in scores],
        error_y={**error_bars(scores), "color": style["marker"].get("color")},
        mode=mode,
        name=escape(name),
        line={"color": series_colour(number)},
        text=[escape(text) for text in hover or map(describe_accuracy, scores)],
        hoverinfo="text+name" if hover is None else "text",
        **style,
    )


def error_bars(scores: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the 95 % intervals as plotly error bars."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [each["ci_high"] - each["accuracy"] for each in scores],
        "arrayminus": [each["accuracy"] - each["ci_low"] for each in scores],
        "thickness": 1,
    }


def describe_accuracy(score: Mapping[str, Any]) -> str:
    """Format a score: `12/40 correct, 30.0 % [18.1–45.4]`."""
    interval = f"{100 * score['ci_low']:.1f}–{100 * score['ci_high']:.1f}"
    return f"{score['correct']}/{score['n']} correct, {100 * score['accuracy']:.1f} % [{interval}]"


def set_log_x(figure: Any, values: Iterable[float]) -> None:
    """Make the x axis logarithmic, with ticks at 1, 2 and 5 of every decade."""
    figure.update_xaxes(type="log")
    positive = [value for value in values if value > 0]
    if positive:
        low, high = math.floor(math.log10(min(positive))), math.ceil(math.log10(max(positive)))
        ticks = [step * 10.0**power for power in range(low - 1, high + 1) for step in (1, 2, 5)]
        figure.update_xaxes(tickvals=ticks, ticktext=[f"{tick:,.10g}" for tick in ticks])


def pareto_front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the (cost, accuracy) points to which no other point is cheaper and as accurate, cheapest first.

    Example:
        >>> pareto_front([(1.0, 0.5), (2.0, 0.4), (3.0, 0.6)])
        [(1.0, 0.5), (3.0, 0.6)]
    """
    best: list[tuple[float, float]] = []
    for cost, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if not best or accuracy > best[-1][1]:
            best.append((cost, accuracy))
    return best
