"""Printed tables of studies and of their estimated cost."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from openmedlm.runs.estimate import describe_thoughts
from openmedlm.terminal.console import NOT_ADVICE, dollars, percent, thousands, wide_console
from openmedlm.tuning.estimate import StudyEstimate
from openmedlm.tuning.plan import TuningPlan
from openmedlm.tuning.report_text import describe_winner, study_scores
from openmedlm.tuning.result import TuningResult

ACCURACY = "accuracy % [95 % CI]"


def print_result(plan: TuningPlan, result: TuningResult, console: Console | None = None) -> None:
    """Print the winner with its accuracy, its uncertainty and its cost; to stdout where no console is given."""
    console = console or wide_console()
    values = result.as_json()
    for name, reason in plan.skipped.items():
        console.print(f"{name} skipped: {reason}")
    console.print(f"\nWinner for {result.model} on {result.benchmark}: {result.winner.configuration.label()}")
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("program and questions", "correct", ACCURACY):
        table.add_column(heading, justify="right" if heading in ("correct", ACCURACY) else "left", no_wrap=True)
    for label, score in study_scores(values):
        table.add_row(label, f"{score['correct']}/{score['n']}", _accuracy(score))
    console.print(table)
    console.print("\n".join(describe_winner(values)), highlight=False, soft_wrap=True)
    if result.choice.front:
        console.print(_front_table(values))
    console.print(f"Frozen program: {values['program']}. {NOT_ADVICE}", highlight=False, soft_wrap=True)


def print_table(results: Sequence[TuningResult]) -> None:
    """Print one row per model: its best program, and the cost of the search."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title="Best program of each model", title_justify="left")
    accuracies = ("holdout % [95 % CI]", "zero-shot % [95 % CI]")
    for heading in ("model", "program", *accuracies, "cost per question", "API calls", "calls without pruning"):
        table.add_column(heading, justify="left" if heading in ("model", "program") else "right")
    for result in results:
        values = result.as_json()
        table.add_row(
            result.model,
            result.winner.configuration.label(),
            _accuracy(values["holdout"]),
            _accuracy(values["baseline"]),
            f"{values['cost_per_question']:,.4g} {values['cost_unit']}",
            f"{result.spent.calls:,}",
            f"{result.exhaustive_calls:,}",
        )
    console = wide_console()
    console.print(table)
    differing = _differing(results)
    if differing:
        console.print(f"Parameters in which the programs differ: {', '.join(differing)}.", highlight=False)


def print_estimates(estimates: Sequence[StudyEstimate]) -> None:
    """Print the estimated cost of studies."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title="Estimated cost (before retries)", title_justify="left")
    table.add_column("model", overflow="fold")
    calls = ("calls\n(minimum)", "calls\n(maximum)", "call\nlimit", "calls without\npruning\n(expected)")
    maxima = ("input tokens\n(maximum)", "output tokens\n(maximum)", "cost\n(maximum)")
    for heading in ("trials", "questions\n(search +\nholdout)", *calls, *maxima):
        table.add_column(Text(heading), justify="right", no_wrap=True)
    for each in estimates:
        table.add_row(
            each.model,
            str(each.trials),
            f"{each.search_set} + {each.holdout}",
            f"{each.calls_least:,}",
            f"{each.calls_most:,}",
            "–" if each.limit is None else f"{each.limit:,}",
            f"{each.exhaustive_calls:,}",
            thousands(each.prompt_tokens),
            thousands(each.completion_tokens),
            dollars(each.cost_usd),
        )
    wide_console().print(table)
    for each in estimates:
        if each.completion_tokens_if_thinking:
            print(describe_thoughts(each.completion_tokens_if_thinking, f"of {each.model}"))


def _front_table(values: Mapping[str, Any]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title="Pareto front, cheapest first", title_justify="left")
    for heading in ("directory", "holdout % [95 % CI]", f"cost per question ({values['cost_unit']})"):
        table.add_column(heading, justify="left" if heading == "directory" else "right")
    for each in values["front"]:
        table.add_row(each["program"], _accuracy(each["holdout"]), f"{each['cost']:,.4g}")
    return table


def _accuracy(score: Mapping[str, Any] | None) -> str:
    if not score or not score["n"]:
        return "–"
    return f"{percent(score['accuracy'])} [{percent(score['ci_low'])}–{percent(score['ci_high'])}]".replace("%", "")


def _differing(results: Sequence[TuningResult]) -> list[str]:
    """Return the names of the parameters in which the winners differ."""
    configurations = [asdict(result.winner.configuration) for result in results]
    return [name for name in configurations[0] if len({str(each[name]) for each in configurations}) > 1]
