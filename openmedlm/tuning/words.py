"""How sure a study's result is, in sentences."""

from collections.abc import Mapping
from typing import Any


def winner_words(result: Mapping[str, Any]) -> list[str]:
    """Sentences about the winner, from `TuningResult.as_json`."""
    lines = []
    against = result["against_untuned"]
    if against is not None:
        detectable = f"{100 * against['minimum_detectable_effect']:.1f}"
        lines.append(
            f"Against untuned, on the same {against['n']} questions: {_difference(against)}. These questions would "
            f"show a difference of {detectable} points four times in five; smaller ones mostly stay unseen."
        )
    if result["optimism"] is not None:
        lines.append(f"Optimism of tune over select: {points(result['optimism'])} points.")
    if result["test"] is not None:
        lines.append(
            f"Against untuned, on test: {_difference(result['test']['against_untuned'])}. Looks at this test split "
            f"with this model so far: {result['test']['test_looks']}."
        )
    if result["tied"] > 1:
        lines.append(f"{result['tied']} programs were as good as the best on select; the cheapest was taken.")
    trials = ", ".join(f"{count} {state}" for state, count in result["trials"].items() if count)
    calls, plain = result["calls"], result["plain_calls"]
    saved = f", {plain / calls:.1f} times as many" if 0 < calls < plain else ""
    lines.append(
        f"Search ended by {result['stopped']}: trials {trials}. Bought {calls:,} completions; asking every question in "
        f"every trial for all votes would be {plain:,}{saved}."
    )
    return lines


def points(share: float) -> str:
    """A difference of accuracies in percentage points."""
    return f"{100 * share:+.1f}"


def _difference(against: Mapping[str, Any]) -> str:
    low, high = points(against["ci_low"]), points(against["ci_high"])
    return f"{points(against['difference'])} points (95 % {low} to {high}), p = {against['p_value']:.3g}"
