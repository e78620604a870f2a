"""What came of asking a teacher, for a reader."""

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from openmedlm.optimizers.rationales import PoolReport
from openmedlm.terminal.console import NOT_ADVICE


def pool_table(title: str, result: PoolReport) -> Table:
    """A row a round: what it kept, and what a guesser would have kept."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for heading in ("round", "asked", "kept", "share", "by guessing", "no letter"):
        table.add_column(heading, justify="right")
    for r in result.rounds:
        share = f"{r.kept / r.asked:.1%}"
        guessing = f"{r.expected_by_guessing:.1f}"
        table.add_row(str(r.number), f"{r.asked:,}", f"{r.kept:,}", share, guessing, str(r.unparsed))
    return table


def pool_remarks(result: PoolReport, file: Path) -> str:
    """What the rounds came to, what never came right, and where the pool is."""
    cost = "unknown cost" if result.cost_usd is None else f"${result.cost_usd:,.3f}"
    hard = ", ".join(result.never_right[:5]) + (", …" if len(result.never_right) > 5 else "")
    lines = [
        f"Kept: {result.kept:,} of {result.questions:,}, for {result.calls:,} completions, {result.prompt_tokens:,} "
        f"tokens in, {result.completion_tokens:,} out, {cost}.",
        f"Never right: {len(result.never_right):,}{f' ({hard})' if hard else ''}.",
        '"By guessing" is what a teacher that draws its letters would have had kept: a rationale that was kept in a '
        "late round, or by a teacher not far above that, may be right by chance.",
        f"The pool: {file}",
        NOT_ADVICE,
    ]
    return "\n".join(lines)
