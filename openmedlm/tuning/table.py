"""What a study came to, for a reader."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from openmedlm.terminal.console import NOT_ADVICE, dollars, percent, thousands, wide_console
from openmedlm.tuning.estimate import StudyEstimate
from openmedlm.tuning.plan import TuningPlan
from openmedlm.tuning.report_text import describe_winner
from openmedlm.tuning.result import TuningResult


def print_result(plan: TuningPlan, result: TuningResult) -> None:
    """The winner, how good it is, how sure that is, and what it cost."""
    console = wide_console()
    values = result.as_json()
    for name, why in plan.skipped.items():
        console.print(f"{name} was left out: {why}")
    console.print(f"\nThe winner for {result.model} on {result.benchmark}: {result.winner.configuration.label()}")
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("questions", "right", "accuracy (95 %)"):
        table.add_column(heading, justify="left" if heading == "questions" else "right", no_wrap=True)
    _row(table, "tune: ranked it, and flatter it", values["tune"])
    if values["select"]:
        _row(table, "select: chose it among the best", values["select"])
    if values["untuned"]:
        _row(table, "select: untuned (zero-shot)", values["untuned"])
    for name in ("winner", "untuned"):
        if result.test is not None:
            _row(table, f"test: {name}", result.test[name])
    console.print(table)
    console.print("\n".join(describe_winner(values)), highlight=False, soft_wrap=True)
    if result.choice.front:
        console.print(_front_table(values))
    console.print(f"Frozen in {values['program']}. {NOT_ADVICE}", highlight=False, soft_wrap=True)


def print_table(results: Sequence[TuningResult]) -> None:
    """One row a model: its best program, and what finding it cost."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title="The best program of each model", title_justify="left")
    for heading in ("model", "program", "select", "untuned", "cost a question", "calls", "plain search"):
        table.add_column(heading, justify="left" if heading in ("model", "program") else "right")
    for result in results:
        values = result.as_json()
        table.add_row(
            result.model,
            result.winner.configuration.label(),
            _accuracy(values["select"]),
            _accuracy(values["untuned"]),
            f"{values['cost_per_question']:,.4g} {values['cost_unit']}",
            f"{result.spent.calls:,}",
            f"{result.plain:,}",
        )
    console = wide_console()
    console.print(table)
    differing = _differing(results)
    if differing:
        console.print(f"The programs differ in {', '.join(differing)}.", highlight=False)


def print_estimates(estimates: Sequence[StudyEstimate]) -> None:
    """What studies would cost."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    counts = ("trials", "tune + select", "calls at least", "at most", "limit", "plain search", "tok. in", "out", "cost")
    for heading in ("model", *counts):
        table.add_column(heading, justify="left" if heading == "model" else "right", no_wrap=True)
    for each in estimates:
        table.add_row(
            each.model,
            str(each.trials),
            f"{each.tune} + {each.select}",
            f"{each.calls_least:,}",
            f"{each.calls_most:,}",
            "–" if each.limit is None else f"{each.limit:,}",
            f"{each.exhaustive_calls:,}",
            thousands(each.prompt_tokens),
            thousands(each.completion_tokens),
            dollars(each.cost_usd),
        )
    wide_console().print(table)


def _front_table(values: Mapping[str, Any]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title="The Pareto front, cheapest first", title_justify="left")
    for heading in ("directory", "select", f"cost a question ({values['cost_unit']})"):
        table.add_column(heading, justify="left" if heading == "directory" else "right")
    for each in values["front"]:
        table.add_row(each["program"], _accuracy(each["select"]), f"{each['cost']:,.4g}")
    return table


def _row(table: Table, name: str, score: Mapping[str, Any]) -> None:
    if score["n"]:
        table.add_row(name, f"{score['correct']}/{score['n']}", _accuracy(score))


def _accuracy(score: Mapping[str, Any] | None) -> str:
    if not score or not score["n"]:
        return "–"
    return f"{percent(score['accuracy'])} ({percent(score['ci_low'])}–{percent(score['ci_high'])})".replace("%", "")


def _differing(results: Sequence[TuningResult]) -> list[str]:
    """Parameters in which the programs differ."""
    configurations = [result.winner.configuration.as_json() for result in results]
    return [name for name in configurations[0] if len({str(each[name]) for each in configurations}) > 1]
