"""Results of a rationale job as text."""

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from openmedlm.optimizers.rationales import PoolReport
from openmedlm.terminal.console import NOT_ADVICE, count_noun

MAX_IDS = 5
"""Ids of questions without a rationale that are printed."""


def pool_table(title: str, result: PoolReport) -> Table:
    """Build a table with one row per round: accepted rationales, and the number that guessing would give."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for heading in ("round", "questions", "accepted", "accepted %", "expected by\nguessing", "no answer"):
        table.add_column(heading, justify="right")
    for r in result.rounds:
        share = f"{100 * r.kept / r.asked:.1f}"
        guessing = f"{r.expected_by_guessing:.1f}"
        table.add_row(str(r.number), f"{r.asked:,}", f"{r.kept:,}", share, guessing, str(r.unparsed))
    return table


def pool_notes(result: PoolReport, file: Path) -> str:
    """Describe the result of all rounds, the questions without a rationale, and the file."""
    cost = "unknown cost" if result.cost_usd is None else f"${result.cost_usd:,.3f}"
    wrong = ", ".join(result.never_right[:MAX_IDS]) + (", …" if len(result.never_right) > MAX_IDS else "")
    lines = [
        f"Accepted: {result.kept:,} of {count_noun(result.questions, 'question')} with "
        f"{count_noun(result.calls, 'call')}, {result.prompt_tokens:,} input tokens, "
        f"{result.completion_tokens:,} output tokens, {cost}.",
        f"Never correct: {len(result.never_right):,}{f' ({wrong})' if wrong else ''}.",
        '"Expected by guessing" is the number that a teacher with random letters would have had accepted. A rationale '
        "accepted in a late round, or from a teacher near that number, may be correct by chance.",
        f"Rationale pool: {file}",
        NOT_ADVICE,
    ]
    return "\n".join(lines)
