"""Results of a rationale job as text."""

from collections.abc import Mapping
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from openmedlm.optimizers.rationales import PoolReport
from openmedlm.optimizers.rationales.extract import RationaleFrom, Rejection
from openmedlm.runs.estimate import describe_thoughts
from openmedlm.terminal.console import NOT_ADVICE, count_noun, dollars

MAX_IDS = 5
"""Ids of questions without a rationale that are printed."""

_FIXES: Mapping[Rejection, str] = {
    "cut off": "Raise --thinking-tokens or --max-tokens, or turn thoughts off with --thinking off.",
    "no letter": "Read some completions with openmedlm evaluate cot -o RUN, and change --template or the --teacher.",
    "wrong letter": "Name a stronger teacher with --teacher.",
    "no reasoning": "Neither answers nor thoughts reason to the letter. Use --thinking off, so that answers reason.",
}
"""Fix for the reason why most completions gave no rationale."""


def pool_table(title: str, result: PoolReport) -> Table:
    """Build a table with one row per round: accepted rationales, and the number that guessing would give."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for heading in ("round", "questions", "accepted", "accepted %", "expected by\nguessing", "no answer"):
        table.add_column(Text(heading), justify="right")
    for r in result.rounds:
        share = f"{100 * r.kept / r.asked:.1f}"
        guessing = f"{r.expected_by_guessing:.1f}"
        table.add_row(str(r.number), f"{r.asked:,}", f"{r.kept:,}", share, guessing, str(r.unparsed))
    return table


def pool_estimate(estimated: Mapping[str, int | float | None]) -> str:
    """Describe the estimate of `estimate_rationales`, one line per number."""
    cost = estimated["max_cost_usd"]
    thoughts = estimated["completion_tokens_if_thinking"]
    return "\n".join(
        [
            f"Pool questions: {estimated['questions']:,}",
            f"Questions with a rationale in the pool: {estimated['already_in_pool']:,}",
            f"API calls in round 1: {estimated['first_round_calls']:,}",
            f"API calls in all rounds (maximum): {estimated['max_calls']:,}",
            f"Input tokens in round 1 (estimate): {estimated['first_round_prompt_tokens']:,}",
            f"Output tokens in round 1 (maximum): {estimated['first_round_max_completion_tokens']:,}",
            *([] if thoughts is None else [describe_thoughts(int(thoughts), "in round 1")]),
            f"Cost of all rounds (maximum): {'unknown' if cost is None else dollars(cost)}",
        ]
    )


def describe_rejections(result: PoolReport, rationale_from: RationaleFrom) -> str:
    """Describe why no rationale was accepted, and the fix for the most frequent reason."""
    counts = ", ".join(f"{reason}: {count:,}" for reason, count in result.rejected.items())
    fix = _FIXES[next(iter(result.rejected))]
    if rationale_from != "auto" and "no reasoning" in result.rejected:
        fix = f"Use --rationale-from auto instead of {rationale_from}."
    asked = count_noun(sum(result.rejected.values()), "question")
    return f"no rationale was accepted for {asked}: {counts}. {fix}"


def pool_notes(result: PoolReport, file: Path) -> str:
    """Describe the result of all rounds, the questions without a rationale, and the file."""
    cost = "unknown cost" if result.cost_usd is None else dollars(result.cost_usd)
    wrong = ", ".join(result.never_right[:MAX_IDS]) + (", …" if len(result.never_right) > MAX_IDS else "")
    lines = [
        f"Accepted: {result.kept:,} of {count_noun(result.questions, 'question')} with "
        f"{count_noun(result.calls, 'call')}, {result.prompt_tokens:,} input tokens, "
        f"{result.completion_tokens:,} output tokens, {cost}.",
        *([f"From thoughts: {result.from_thoughts:,}."] if result.from_thoughts else []),
        f"Without an accepted rationale after all rounds: {len(result.never_right):,}{f' ({wrong})' if wrong else ''}.",
        '"Expected by guessing" is the number of rationales that random letters would have had accepted. Rationales of '
        "late rounds, or of a teacher near that number, may be correct by chance.",
        f"Rationale pool: {file}",
        NOT_ADVICE,
    ]
    return "\n".join(lines)
