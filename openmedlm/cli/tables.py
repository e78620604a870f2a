"""The ladder as a table."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from openmedlm.runs.estimate import Estimate
from openmedlm.runs.execute import Result
from openmedlm.terminal.console import dollars, percent, thousands


def ladder_table(title: str, results: Sequence[Result], skipped: Mapping[str, str]) -> Table:
    """A row a program: accuracy with its 95 % interval, what was not answered, what it cost; fits 80 columns.

    Exact counts are in the JSON and in the run directory.
    """
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=0)
    table.add_column("strategy", no_wrap=True)
    for heading in ("right", "accuracy (95 %)", "unread", "errors", "calls", "tok. in", "out", "cost"):
        table.add_column(heading, justify="right", no_wrap=True)
    for result in results:
        s = result.summary
        table.add_row(
            result.program,
            f"{s.correct}/{s.n}",
            f"{percent(s.accuracy)} ({percent(s.ci_low)}–{percent(s.ci_high)})".replace("%", ""),
            str(s.unanswered),
            str(s.errors),
            f"{s.calls:,}",
            thousands(s.prompt_tokens),
            thousands(s.completion_tokens),
            dollars(s.cost_usd),
        )
    for name in skipped:
        table.add_row(name, "–", "not run", *["–"] * 6)
    return table


def estimate_table(estimates: Mapping[str, Estimate]) -> Table:
    """A row a program: what it would cost."""
    table = Table(title="What it would cost, if every answer can be read at once", title_justify="left")
    table.add_column("strategy")
    for heading in ("calls", "in the store", "tokens in, about", "tokens out, at most", "cost"):
        table.add_column(heading, justify="right")
    for name, e in estimates.items():
        tokens = (f"{e.prompt_tokens:,}", f"{e.completion_tokens:,}")
        table.add_row(name, f"{e.calls:,}", f"{e.cached:,}", *tokens, dollars(e.cost_usd))
    return table
