"""Tables of results and of estimates."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from openmedlm.metrics import Summary
from openmedlm.runs.estimate import Estimate
from openmedlm.runs.execute import ProgramResult
from openmedlm.terminal.console import dollars, percent, thousands

ACCURACY_HEADING = "accuracy %\n[95 % CI]"


def ladder_table(title: str, results: Sequence[ProgramResult], skipped: Mapping[str, str]) -> Table:
    """Build a table with one row per program that fits 80 columns; exact counts are in the JSON and in the run.

    The columns of truncated votes and of reasoning tokens are left out if there are none.
    """
    summaries = [result.summary for result in results]
    truncated = any(s.truncated for s in summaries)
    reasoning = any(s.reasoning_tokens for s in summaries)
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=0)
    table.add_column("program", no_wrap=True)
    headings = [
        *("correct", ACCURACY_HEADING, "no\nanswer"),
        *(["trun-\ncated"] if truncated else []),
        *("errors", "calls", "input\ntokens", "output\ntokens"),
        *(["thought\ntokens"] if reasoning else []),
        "cost",
    ]
    for heading in headings:
        table.add_column(Text(heading), justify="right", no_wrap=True)
    for result in results:
        s = result.summary
        table.add_row(
            result.program,
            f"{s.correct}/{s.n}",
            format_accuracy(s),
            str(s.unanswered),
            *([f"{s.truncated:,}"] if truncated else []),
            str(s.errors),
            f"{s.calls:,}",
            thousands(s.prompt_tokens),
            thousands(s.completion_tokens),
            *(["–" if s.reasoning_tokens is None else thousands(s.reasoning_tokens)] if reasoning else []),
            dollars(s.cost_usd),
        )
    for name in skipped:
        table.add_row(name, "–", "skipped", *["–"] * (len(headings) - 2))
    return table


def estimate_table(estimates: Mapping[str, Estimate]) -> Table:
    """Build a table with one row per program: its calls, tokens and cost."""
    table = Table(title="Estimated cost (before retries)", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("program")
    for heading in ("calls", "cached", "input tokens\n(estimate)", "output tokens\n(maximum)", "cost\n(maximum)"):
        table.add_column(Text(heading), justify="right", no_wrap=True)
    for name, e in estimates.items():
        tokens = (f"{e.prompt_tokens:,}", f"{e.completion_tokens:,}")
        table.add_row(name, f"{e.calls:,}", f"{e.cached:,}", *tokens, dollars(e.cost_usd))
    return table


def format_accuracy(summary: Summary) -> str:
    """Format accuracy and interval in percent without the sign, such as `33.3 [13.8–60.9]`."""
    accuracy = percent(summary.accuracy)
    if summary.ci_low is not None:
        accuracy += f" [{percent(summary.ci_low)}–{percent(summary.ci_high)}]"
    return accuracy.replace("%", "")
