"""How sure a study's result is, in sentences."""

from collections.abc import Mapping
from typing import Any


def describe_winner(result: Mapping[str, Any]) -> list[str]:
    """Sentences about the winner, from `TuningResult.as_json`."""
    lines = []
    if not result["tune"]["n"]:
        lines.append("Nothing could be ranked within the budget: this is the untuned program.")
    elif result["select"] is None:
        lines.append("The budget ended before any program was chosen on other questions: this one did best so far.")
    elif not result["complete"]:
        lines.append("The budget ended before every finalist was asked.")
    against = result["vs_baseline"]
    if against is not None:
        lines.append(
            f"Against untuned, on the same {against['n']} questions: {_difference(against)}. The winner was chosen on "
            f"these questions, which flatters it a little. {_detectable(against)}"
        )
    elif result["select"] is not None and result["untuned"] is not None:
        lines.append("The winner is the untuned program: nothing that was tried is better for its cost.")
    if result["optimism"] is not None:
        lines.append(f"Optimism of tune over select: {points(result['optimism'])} points.")
    if result["test"] is not None:
        tested = result["test"]
        lines.append(f"Against untuned, on test: {_difference(tested['vs_baseline'])}.")
        lines.append(f"Looks at this test split with this model so far: {tested['test_evaluations']}.")
    elif result["test_missed"]:
        lines.append("The budget ended before test was answered; what was bought of it is kept.")
    if result["tied"] > 1:
        lines.append(f"{result['tied']} programs were as good as the best on tune and select; the cheapest was taken.")
    trials = ", ".join(f"{count} {state}" for state, count in result["trials"].items() if count)
    api_calls = f"{result['calls']:,} completion{'' if result['calls'] == 1 else 's'}"
    plain = result["exhaustive_calls"]  # of the trials that finished
    beside = f"; asking every question in every trial for all votes would take {plain:,}" if plain else ""
    lines.append(
        f"Search ended by {result['stopped']}: trials {trials or 'none'}. This study made {api_calls}, besides "
        f"cached completions{beside}."
    )
    return lines


def points(share: float) -> str:
    """A difference of accuracies in percentage points."""
    return f"{100 * share:+.1f}"


def _difference(against: Mapping[str, Any]) -> str:
    low, high = points(against["ci_low"]), points(against["ci_high"])
    return f"{points(against['difference'])} points (95 % {low} to {high}), p = {against['p_value']:.3g}"


def _detectable(against: Mapping[str, Any]) -> str:
    effect, told_apart = against["minimum_detectable_effect"], max(against["discordant"], 1) / against["n"]
    if effect > told_apart:  # more than all of the questions that tell the two apart
        return "They are too few to show any difference reliably."
    shown = f"They would show a difference of {100 * effect:.1f} points four times in five"
    return f"{shown}; smaller ones mostly stay unseen."
