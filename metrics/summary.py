"""Accuracy and cost of one program over a split: the numbers that every JSON result carries."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from metrics.analysis import Analysis, analyse
from metrics.averages import macro_average
from metrics.clusters import clustered_standard_error
from metrics.outcome import Outcome
from metrics.score import Score, score


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to.

    Questions that ended in an error or without a readable answer stay in `n` as not correct, so a broken endpoint can
    never raise the accuracy; `errors` and `unanswered` count them apart from wrong answers, and from each other.

    Attributes:
        n: questions, errors and unanswered ones included.
        correct: questions whose answer is the gold letter.
        accuracy, ci_low, ci_high: correct / n and its 95 % Wilson interval; None for n = 0.
        standard_error: of the accuracy, questions that repeat each other or share a passage counted together; None for
            n = 0.
        macro_accuracy: mean accuracy over the subjects, each counting the same; None without subjects.
        unanswered: questions whose votes were had but none could be read.
        errors: questions for which the endpoint failed.
        errors_by_kind: the same by kind of failure (`timeout`, `connection`, `http`, `malformed`).
        calls: completions that the votes consist of; prompt_tokens, completion_tokens and cached_tokens are theirs.
        cost_usd: US dollars; None when the price of any completion is unknown, as of those that another system wrote.
        cost_per_correct: US dollars for a right answer; None where the cost is unknown, or nothing was right or bought.
        votes_saved: votes that the majority did not need and that were not bought.
        seconds: wall-clock time of the run.
        by_subject: subject to its score, by name; questions without a subject stand in the totals alone.
        by_benchmark: the same by benchmark.
        analysis: what the votes tell beside.
        truncated: votes whose deciding completion was cut off by the token limit.
        closed: votes whose letter was asked for under a constraint.
        asked_again: votes whose first completion could not be read and that were asked for again.
        exemplars_shown: exemplars in the questions' prompts, each question's counted once for all of its votes.
        duplicates_removed: pool questions that would have been among them, had they not been the question itself.
        fixed_orders: exemplars whose options had to keep their order while answer letters were balanced.
    """

    n: int
    correct: int
    accuracy: float | None
    ci_low: float | None
    ci_high: float | None
    standard_error: float | None
    macro_accuracy: float | None
    unanswered: int
    errors: int
    errors_by_kind: Mapping[str, int]
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost_usd: float | None
    cost_per_correct: float | None
    votes_saved: int
    truncated: int
    closed: int
    asked_again: int
    exemplars_shown: int
    duplicates_removed: int
    fixed_orders: int
    seconds: float
    by_subject: Mapping[str, Score]
    by_benchmark: Mapping[str, Score]
    analysis: Analysis

    def as_json(self) -> dict[str, Any]:
        """The fields as plain JSON values, under their own names."""
        return asdict(self)


def summarise(outcomes: Iterable[Outcome], seconds: float) -> Summary:
    """Counts, accuracy and cost of the outcomes, whose run took so many seconds of wall-clock time."""
    outcomes = tuple(outcomes)
    votes = [vote for outcome in outcomes for vote in outcome.votes]
    total = _score(outcomes)
    by_subject = _by(outcomes, lambda outcome: outcome.subject)
    cost = sum((vote.cost_usd or 0.0 for vote in votes), 0.0)
    unpriced = any(vote.cost_usd is None for vote in votes if vote.calls or vote.error is None)
    return Summary(
        n=total.n,
        correct=total.correct,
        accuracy=total.accuracy,
        ci_low=total.ci_low,
        ci_high=total.ci_high,
        standard_error=_standard_error(outcomes),
        macro_accuracy=macro_average(by_subject.values()),
        unanswered=sum(outcome.status == "unanswered" for outcome in outcomes),
        errors=sum(outcome.status == "error" for outcome in outcomes),
        errors_by_kind=dict(Counter(o.failure or "http" for o in outcomes if o.status == "error")),
        calls=sum(vote.calls for vote in votes),
        prompt_tokens=sum(vote.prompt_tokens for vote in votes),
        completion_tokens=sum(vote.completion_tokens for vote in votes),
        cached_tokens=sum(vote.cached_tokens for vote in votes),
        cost_usd=None if unpriced else cost,
        cost_per_correct=None
        if unpriced or not total.correct or not any(vote.calls for vote in votes)
        else cost / total.correct,
        votes_saved=sum(outcome.votes_saved for outcome in outcomes),
        truncated=sum(vote.finish_reason == "length" for vote in votes),
        closed=sum(vote.how == "closed" for vote in votes),
        asked_again=sum(vote.how == "asked again" for vote in votes),
        exemplars_shown=sum(len(outcome.exemplars) for outcome in outcomes),
        duplicates_removed=sum(outcome.duplicates_removed for outcome in outcomes),
        fixed_orders=sum(outcome.fixed_orders for outcome in outcomes),
        seconds=seconds,
        by_subject=by_subject,
        by_benchmark=_by(outcomes, lambda outcome: outcome.benchmark or None),
        analysis=analyse(outcomes),
    )


def _by(outcomes: Iterable[Outcome], named: Callable[[Outcome], str | None]) -> dict[str, Score]:
    groups: dict[str, list[bool]] = {}
    for outcome in outcomes:
        if (name := named(outcome)) is not None:
            groups.setdefault(name, []).append(outcome.correct)
    return {name: score(groups[name]) for name in sorted(groups)}


def _standard_error(outcomes: Sequence[Outcome]) -> float | None:
    if not outcomes:
        return None
    clusters = [(outcome.benchmark, outcome.cluster or place) for place, outcome in enumerate(outcomes)]
    return clustered_standard_error([outcome.correct for outcome in outcomes], clusters)


def _score(outcomes: Iterable[Outcome]) -> Score:
    return score([outcome.correct for outcome in outcomes])
