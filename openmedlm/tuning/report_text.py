"""Sentences about the result of a study and its uncertainty."""

from collections.abc import Mapping
from typing import Any

SCORE_LABELS = {
    "search_set": "winner, search set (optimistic: it ranked the programs)",
    "holdout": "winner, holdout set (use this score)",
    "baseline": "baseline zero-shot, holdout set",
    "test.winner": "winner, test split",
    "test.baseline": "baseline zero-shot, test split",
}
"""Labels of a study's scores, in the order of the table."""


def describe_winner(result: Mapping[str, Any]) -> list[str]:
    """Return sentences about the winner, from `TuningResult.as_json`."""
    lines = []
    if not result["search_set"]["n"]:
        lines.append("The budget ended before any program was evaluated: the winner is the baseline, zero-shot.")
    elif result["holdout"] is None:
        lines.append(
            "The budget ended before any program was evaluated on the holdout set: the winner is the best so far."
        )
    elif not result["complete"]:
        lines.append("The budget ended before every finalist was evaluated on the holdout set; a larger one may help.")
    comparison = result["vs_baseline"]
    if comparison is not None:
        lines.append(
            f"vs zero-shot on the same {comparison['n']} holdout questions: {_difference(comparison)}. The winner was "
            f"chosen on these questions, so its score is slightly optimistic. {_detectable(comparison)}"
        )
    elif result["holdout"] is not None and result["baseline"] is not None:
        lines.append("The winner is the baseline: no evaluated program was shown to beat zero-shot for its cost.")
    if result["optimism"] is not None:
        lines.append(
            f"Accuracy on the search set minus accuracy on the holdout set: {points(result['optimism'])} points."
        )
    if result["test"] is not None:
        tested = result["test"]
        lines.append(f"vs zero-shot on test: {_difference(tested['vs_baseline'])}.")
        lines.append(f"Evaluations of this model on this test split so far: {tested['test_evaluations']}.")
    elif result["test_missed"]:
        lines.append("The budget ended before the test split was answered; its completions so far are cached.")
    if result["tied"] > 1:
        lines.append(f"{result['tied']} programs tied with the best on all dev questions; the cheapest of them won.")
    trials = ", ".join(f"{count} {state}" for state, count in result["trials"].items() if count)
    api_calls = f"{result['calls']:,} API call{'' if result['calls'] == 1 else 's'}"
    exhaustive = result["exhaustive_calls"]  # of the complete and pruned trials
    saved = f"; a search without pruning or early stopping would need {exhaustive:,}" if exhaustive else ""
    lines.append(
        f"The search ended after {result['stopped']}. Trials: {trials or 'none'}. This study made {api_calls}, cached "
        f"completions not counted{saved}."
    )
    return lines


def study_scores(values: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the labelled scores of a study, from `TuningResult.as_json`; those without questions are left out."""
    tested = values["test"] or {}
    scores = {**values, **{f"test.{name}": tested.get(name) for name in ("winner", "baseline")}}
    return [(label, score) for name, label in SCORE_LABELS.items() if (score := scores[name]) and score["n"]]


def points(share: float) -> str:
    """Return a difference of accuracies in percentage points, with its sign."""
    return f"{100 * share:+.1f}"


def _difference(comparison: Mapping[str, Any]) -> str:
    low, high = points(comparison["ci_low"]), points(comparison["ci_high"])
    difference = points(comparison["difference"])
    return f"{difference} percentage points [95 % CI {low} to {high}], p = {comparison['p_value']:.3g}"


def _detectable(comparison: Mapping[str, Any]) -> str:
    effect = comparison["minimum_detectable_effect"]
    discordant_share = max(comparison["discordant"], 1) / comparison["n"]
    if effect > discordant_share:  # no difference can be larger than the share of discordant questions
        return f"No difference can be detected reliably with {comparison['n']} questions."
    questions = f"{comparison['n']} questions"
    return f"With {questions}, a true difference of {100 * effect:.1f} points is detected 80 % of the time."
