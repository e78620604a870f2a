"""A run as figures: the ladder, cost against accuracy, ensemble sizes, calibration, letters, subjects."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from openmedlm.report.drawing import (
    SYMBOLS,
    Figure,
    axes,
    colour,
    describe_accuracy,
    front,
    logarithmic,
    points,
    whiskers,
)

Row = Mapping[str, Any]
"""What a program came to, as `--json` prints it."""

MOST_SUBJECTS = 30


def run_figures(rows: Sequence[Row]) -> Iterator[Figure]:
    """The figures of a run's programs; those that it has nothing for are left out."""
    scored = [row for row in rows if row["n"]]
    if not scored:
        return
    yield _ladder(scored)
    if len(scored) > 1 and all(map(_tokens, scored)):
        yield _cost(scored)
    ensembles = [row for row in scored if len(row["analysis"]["sizes"]) > 1]
    if ensembles:
        yield _sizes(ensembles)
    calibrated = [row for row in ensembles if row["analysis"]["calibration"]]
    if calibrated:
        yield _reliability(calibrated)
        yield _risk(calibrated)
    yield _letters(scored)
    subjects = sorted({name for row in scored for name in row["by_subject"]})
    if 1 < len(subjects) <= MOST_SUBJECTS:
        yield _subjects(scored, subjects)


def _ladder(rows: Sequence[Row]) -> Figure:
    figure = axes("accuracy", "", percent_x=True, percent_y=False, height=120 + 36 * len(rows))
    figure.add_scatter(
        x=[row["accuracy"] for row in rows],
        y=[escape(row["program"]) for row in rows],
        error_x={**whiskers(rows), "color": colour(0)},
        mode="markers",
        marker={"color": colour(0), "size": 10},
        text=[describe_accuracy(row) for row in rows],
        hoverinfo="text",
        showlegend=False,
    )
    figure.update_yaxes(autorange="reversed", type="category")
    best = max(rows, key=lambda row: row["accuracy"])
    highest = f"{best['program']}, {describe_accuracy(best)}"
    told = f"Accuracy of each program with its 95 % Wilson interval. Highest: {highest}."
    return Figure("The ladder", told, figure)


def _cost(rows: Sequence[Row]) -> Figure:
    priced = all(row["cost_usd"] for row in rows)
    unit = "US dollars a question" if priced else "tokens a question, written ones counting four"
    costs = [(row["cost_usd"] if priced else _tokens(row)) / row["n"] for row in rows]
    figure = axes(unit, "accuracy")
    for number, (row, cost) in enumerate(zip(rows, costs, strict=True)):
        points(figure, row["program"], [cost], [row], number)
    best = front([(cost, row["accuracy"]) for row, cost in zip(rows, costs, strict=True)])
    figure.add_scatter(
        x=[cost for cost, _ in best],
        y=[accuracy for _, accuracy in best],
        mode="lines",
        line={"shape": "hv", "color": "#8a8a8a", "dash": "dot"},
        name="Pareto front",
        hoverinfo="skip",
    )
    logarithmic(figure, costs)
    told = "Programs on the dotted line: no other is both cheaper and more often right."
    return Figure("Cost against accuracy", told, figure)


def _tokens(row: Row) -> int:
    return int(row["prompt_tokens"] + 4 * row["completion_tokens"])


def _sizes(rows: Sequence[Row]) -> Figure:
    figure = axes("votes", "accuracy")
    for number, row in enumerate(rows):
        sizes = row["analysis"]["sizes"]
        scores = [size["score"] for size in sizes]
        points(figure, row["program"], [size["votes"] for size in sizes], scores, number, mode="lines+markers")
    figure.update_xaxes(dtick=1)
    told = (
        "What an ensemble of the first votes would have come to. The points share questions and votes, so that "
        "overlapping intervals do not mean that two sizes are alike."
    )
    return Figure("Accuracy by ensemble size", told, figure)


def _reliability(rows: Sequence[Row]) -> Figure:
    figure = axes("share of the votes for the answer", "share of such answers that are right", percent_x=True)
    for number, row in enumerate(rows):
        bins = [
            {**each, "correct": round(each["accuracy"] * each["n"])} for each in row["analysis"]["calibration"]["bins"]
        ]
        points(figure, row["program"], [each["confidence"] for each in bins], bins, number, mode="lines+markers")
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dot", "color": "#8a8a8a"}, name="calibrated", hoverinfo="skip"
    )
    figure.update_xaxes(range=[0, 1.03])
    figure.update_yaxes(range=[0, 1.03])
    errors = ", ".join(f"{row['program']} {row['analysis']['calibration']['ece']:.3f}" for row in rows)
    told = f"Below the dotted line votes agree more often than they are right. Expected calibration error: {errors}."
    return Figure("Reliability", told, figure)


def _risk(rows: Sequence[Row]) -> Figure:
    figure = axes(
        "share of the questions with several votes that is answered, the most agreed first",
        "share of wrong answers",
        percent_x=True,
    )
    for number, row in enumerate(rows):
        curve = row["analysis"]["calibration"]["risk_coverage"]
        figure.add_scatter(
            x=[point["coverage"] for point in curve],
            y=[point["risk"] for point in curve],
            mode="lines+markers",
            name=escape(row["program"]),
            line={"color": colour(number)},
            marker={"symbol": SYMBOLS[number % len(SYMBOLS)]},
        )
    figure.update_xaxes(range=[0, 1.03])
    figure.update_yaxes(rangemode="tozero")
    told = "How many answers are wrong where only questions with enough agreement are answered."
    return Figure("Risk and coverage", told, figure)


def _letters(rows: Sequence[Row]) -> Figure:
    figure = axes("letter at which the right option was shown", "share of votes that found it")
    for number, row in enumerate(rows):
        recall = row["analysis"]["position"]["recall"]
        points(figure, row["program"], list(recall), list(recall.values()), number)
    figure.update_layout(scattermode="group")
    figure.update_xaxes(type="category", categoryorder="category ascending")
    deviations = ", ".join(
        f"{row['program']} {row['analysis']['position']['deviation']:.3f}"
        for row in rows
        if row["analysis"]["position"]["deviation"] is not None
    )
    told = "A model without position bias finds the right option as often at any letter."
    if deviations:
        told += f" Standard deviation of the recalls: {deviations}."
    return Figure("Recall by letter", told, figure)


def _subjects(rows: Sequence[Row], subjects: Sequence[str]) -> Figure:
    figure = axes("accuracy", "", percent_x=True, percent_y=False, height=140 + 14 * len(subjects) * max(2, len(rows)))
    for number, row in enumerate(rows):
        shown = [name for name in subjects if name in row["by_subject"]]
        scores = [row["by_subject"][name] for name in shown]
        figure.add_scatter(
            x=[score["accuracy"] for score in scores],
            y=[escape(name) for name in shown],
            error_x={**whiskers(scores), "color": colour(number)},
            mode="markers",
            marker={"color": colour(number), "symbol": SYMBOLS[number % len(SYMBOLS)]},
            name=escape(row["program"]),
            orientation="h",
            text=[describe_accuracy(score) for score in scores],
            hoverinfo="text+name",
        )
    figure.update_layout(scattermode="group")
    figure.update_yaxes(autorange="reversed", type="category")
    return Figure("By subject", "Accuracy within each subject, with its 95 % Wilson interval.", figure)
