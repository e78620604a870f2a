"""Figures of a run: accuracy, cost, ensemble sizes, calibration, option letters, subjects."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from openmedlm.report.drawing import (
    SYMBOLS,
    Figure,
    add_points,
    describe_accuracy,
    empty_figure,
    error_bars,
    pareto_front,
    series_colour,
    set_log_x,
)

Row = Mapping[str, Any]
"""Results of one program, as `--json` prints them."""

MAX_SUBJECTS = 30
"""Number of subjects above which the figure by subject is left out."""

_GREY = "#8a8a8a"


def run_figures(rows: Sequence[Row]) -> Iterator[Figure]:
    """Yield the figures of a run's programs, without those that have no data."""
    scored = [row for row in rows if row["n"]]
    if not scored:
        return
    yield _accuracy(scored)
    if len(scored) > 1 and all(map(_weighted_tokens, scored)):
        yield _cost(scored)
    ensembles = [row for row in scored if len(row["analysis"]["sizes"]) > 1]
    if ensembles:
        yield _ensemble_sizes(ensembles)
    calibrated = [row for row in ensembles if row["analysis"]["calibration"]]
    if calibrated:
        yield _reliability(calibrated)
        yield _risk_coverage(calibrated)
    yield _letter_recall(scored)
    subjects = sorted({name for row in scored for name in row["by_subject"]})
    if 1 < len(subjects) <= MAX_SUBJECTS:
        yield _subjects(scored, subjects)


def _accuracy(rows: Sequence[Row]) -> Figure:
    figure = empty_figure("accuracy", "", percent_x=True, percent_y=False, height=120 + 36 * len(rows))
    figure.add_scatter(
        x=[row["accuracy"] for row in rows],
        y=[escape(row["program"]) for row in rows],
        error_x={**error_bars(rows), "color": series_colour(0)},
        mode="markers",
        marker={"color": series_colour(0), "size": 10},
        text=[describe_accuracy(row) for row in rows],
        hoverinfo="text",
        showlegend=False,
    )
    figure.update_yaxes(autorange="reversed", type="category")
    best = max(rows, key=lambda row: row["accuracy"])
    caption = (
        "Accuracy of each program with its 95 % Wilson interval. "
        f"Highest: {best['program']}, {describe_accuracy(best)}."
    )
    return Figure("Accuracy by program", caption, figure)


def _cost(rows: Sequence[Row]) -> Figure:
    priced = all(row["cost_usd"] for row in rows)
    unit = "US dollars" if priced else "input tokens + 4 × output tokens"
    costs = [(row["cost_usd"] if priced else _weighted_tokens(row)) / row["n"] for row in rows]
    figure = empty_figure(f"cost per question ({unit})", "accuracy")
    for number, (row, cost) in enumerate(zip(rows, costs, strict=True)):
        add_points(figure, row["program"], [cost], [row], number)
    best = pareto_front([(cost, row["accuracy"]) for row, cost in zip(rows, costs, strict=True)])
    figure.add_scatter(
        x=[cost for cost, _ in best],
        y=[accuracy for _, accuracy in best],
        mode="lines",
        line={"shape": "hv", "color": _GREY, "dash": "dot"},
        name="Pareto front",
        hoverinfo="skip",
    )
    set_log_x(figure, costs)
    caption = "Programs on the dotted line: no other program is both cheaper and more accurate."
    return Figure("Accuracy by cost", caption, figure)


def _weighted_tokens(row: Row) -> int:
    """Return the tokens of a program as a cost: an output token counts as four input tokens."""
    return int(row["prompt_tokens"] + 4 * row["completion_tokens"])


def _ensemble_sizes(rows: Sequence[Row]) -> Figure:
    figure = empty_figure("votes per question", "accuracy")
    for number, row in enumerate(rows):
        sizes = row["analysis"]["sizes"]
        scores = [size["score"] for size in sizes]
        add_points(figure, row["program"], [size["votes"] for size in sizes], scores, number, mode="lines+markers")
    figure.update_xaxes(dtick=1)
    caption = (
        "Accuracy of the majority of the first votes. All sizes share questions and votes, so overlapping intervals do "
        "not mean that two sizes are equally accurate."
    )
    return Figure("Accuracy by ensemble size", caption, figure)


def _reliability(rows: Sequence[Row]) -> Figure:
    figure = empty_figure("vote share of the answer", "accuracy of these answers", percent_x=True)
    for number, row in enumerate(rows):
        bins = [
            {**each, "correct": round(each["accuracy"] * each["n"])} for each in row["analysis"]["calibration"]["bins"]
        ]
        add_points(figure, row["program"], [each["confidence"] for each in bins], bins, number, mode="lines+markers")
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dot", "color": _GREY}, name="calibrated", hoverinfo="skip"
    )
    figure.update_xaxes(range=[0, 1.03])
    figure.update_yaxes(range=[0, 1.03])
    errors = ", ".join(f"{row['program']} {row['analysis']['calibration']['ece']:.3f}" for row in rows)
    caption = (
        "Below the dotted line the vote share exceeds the accuracy: the votes are overconfident. "
        f"Expected calibration error: {errors}."
    )
    return Figure("Reliability", caption, figure)


def _risk_coverage(rows: Sequence[Row]) -> Figure:
    figure = empty_figure(
        "share of questions answered, highest vote share first", "share of wrong answers", percent_x=True
    )
    for number, row in enumerate(rows):
        curve = row["analysis"]["calibration"]["risk_coverage"]
        figure.add_scatter(
            x=[point["coverage"] for point in curve],
            y=[point["risk"] for point in curve],
            mode="lines+markers",
            name=escape(row["program"]),
            line={"color": series_colour(number)},
            marker={"symbol": SYMBOLS[number % len(SYMBOLS)]},
        )
    figure.update_xaxes(range=[0, 1.03])
    figure.update_yaxes(rangemode="tozero")
    caption = "Share of wrong answers if the program answers only the questions with the highest vote share."
    return Figure("Risk and coverage", caption, figure)


def _letter_recall(rows: Sequence[Row]) -> Figure:
    figure = empty_figure("letter of the correct option as shown", "recall (share of votes that chose it)")
    for number, row in enumerate(rows):
        recall = row["analysis"]["position"]["recall"]
        add_points(figure, row["program"], list(recall), list(recall.values()), number)
    figure.update_layout(scattermode="group")
    figure.update_xaxes(type="category", categoryorder="category ascending")
    deviations = ", ".join(
        f"{row['program']} {row['analysis']['position']['deviation']:.3f}"
        for row in rows
        if row["analysis"]["position"]["deviation"] is not None
    )
    caption = "Without position bias, the recall is the same for every letter."
    if deviations:
        caption += f" Standard deviation of the recalls: {deviations}."
    return Figure("Recall by letter", caption, figure)


def _subjects(rows: Sequence[Row], subjects: Sequence[str]) -> Figure:
    height = 140 + 14 * len(subjects) * max(2, len(rows))
    figure = empty_figure("accuracy", "", percent_x=True, percent_y=False, height=height)
    for number, row in enumerate(rows):
        names = [name for name in subjects if name in row["by_subject"]]
        scores = [row["by_subject"][name] for name in names]
        figure.add_scatter(
            x=[score["accuracy"] for score in scores],
            y=[escape(name) for name in names],
            error_x={**error_bars(scores), "color": series_colour(number)},
            mode="markers",
            marker={"color": series_colour(number), "symbol": SYMBOLS[number % len(SYMBOLS)]},
            name=escape(row["program"]),
            orientation="h",
            text=[describe_accuracy(score) for score in scores],
            hoverinfo="text+name",
        )
    figure.update_layout(scattermode="group")
    figure.update_yaxes(autorange="reversed", type="category")
    return Figure("Accuracy by subject", "Accuracy on each subject with its 95 % Wilson interval.", figure)
