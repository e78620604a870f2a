"""Accuracy and cost of one program over a split: the numbers that every JSON result carries."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from openmedlm.metrics.accuracy import Score, Tally
from openmedlm.metrics.analysis import Analysis, AnalysisTally
from openmedlm.metrics.clusters import ClusterTally, pooled_standard_error
from openmedlm.metrics.macro_averages import macro_average
from openmedlm.metrics.outcome import Outcome


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
        constrained: votes whose letter was asked for under a constraint.
        resampled: votes whose first completion could not be read and that were asked for again.
        exemplars_shown: exemplars in the questions' prompts, each question's counted once for all of its votes.
        duplicates_removed: pool questions that would have been among them, had they not been the question itself.
        exemplars_not_reordered: exemplars whose options had to keep their order while answer letters were balanced.
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
    constrained: int
    resampled: int
    exemplars_shown: int
    duplicates_removed: int
    exemplars_not_reordered: int
    seconds: float
    by_subject: Mapping[str, Score]
    by_benchmark: Mapping[str, Score]
    analysis: Analysis

    def as_json(self) -> dict[str, Any]:
        """The fields as plain JSON values, under their own names."""
        return asdict(self)


def summarise(outcomes: Iterable[Outcome], seconds: float) -> Summary:
    """Counts, accuracy and cost of the outcomes, whose run took so many seconds of wall-clock time.

    They are gone through once, and none is kept.
    """
    tally = _Tally()
    for outcome in outcomes:
        tally.add(outcome)
    return tally.summary(seconds)


class _Tally:
    def __init__(self) -> None:
        self._total = Tally()
        self._subjects: dict[str, Tally] = defaultdict(Tally)
        self._benchmarks: dict[str, Tally] = defaultdict(Tally)
        self._clusters: dict[str, ClusterTally] = defaultdict(ClusterTally)
        self._ended: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._sums: Counter[str] = Counter()
        self._method: Counter[str] = Counter()
        self._cost = 0.0
        self._unpriced = False
        self._analysis = AnalysisTally()

    def add(self, outcome: Outcome) -> None:
        right, status = outcome.correct, outcome.status
        self._total.add(right)
        if outcome.subject is not None:
            self._subjects[outcome.subject].add(right)
        if outcome.benchmark:
            self._benchmarks[outcome.benchmark].add(right)
        self._clusters[outcome.benchmark].add(right, outcome.cluster or None)
        self._ended[status] += 1
        if status == "error":
            self._failures[outcome.failure or "http"] += 1
        sums = self._sums
        sums["votes_saved"] += outcome.votes_saved
        sums["exemplars_shown"] += len(outcome.exemplars)
        sums["duplicates_removed"] += outcome.duplicates_removed
        sums["exemplars_not_reordered"] += outcome.exemplars_not_reordered
        for vote in outcome.votes:
            sums["calls"] += vote.calls
            sums["prompt_tokens"] += vote.prompt_tokens
            sums["completion_tokens"] += vote.completion_tokens
            sums["cached_tokens"] += vote.cached_tokens
            sums["truncated"] += vote.finish_reason == "length"
            self._method[vote.method] += 1
            self._cost += vote.cost_usd or 0.0
            self._unpriced = self._unpriced or (vote.cost_usd is None and (bool(vote.calls) or vote.error is None))
        self._analysis.add(outcome)

    def summary(self, seconds: float) -> Summary:
        total = self._total.score()
        by_subject = _scores(self._subjects)
        sums = {name: self._sums[name] for name in _SUMS}
        return Summary(
            n=total.n,
            correct=total.correct,
            accuracy=total.accuracy,
            ci_low=total.ci_low,
            ci_high=total.ci_high,
            standard_error=pooled_standard_error(self._clusters.values()) if total.n else None,
            macro_accuracy=macro_average(by_subject.values()),
            unanswered=self._ended["unanswered"],
            errors=self._ended["error"],
            errors_by_kind=dict(self._failures),
            cost_usd=None if self._unpriced else self._cost,
            cost_per_correct=None
            if self._unpriced or not total.correct or not sums["calls"]
            else self._cost / total.correct,
            constrained=self._method["constrained"],
            resampled=self._method["resampled"],
            seconds=seconds,
            by_subject=by_subject,
            by_benchmark=_scores(self._benchmarks),
            analysis=self._analysis.result(),
            **sums,
        )


_SUMS = (
    *("calls", "prompt_tokens", "completion_tokens", "cached_tokens", "votes_saved"),
    *("truncated", "exemplars_shown", "duplicates_removed", "exemplars_not_reordered"),
)


def _scores(groups: Mapping[str, Tally]) -> dict[str, Score]:
    return {name: groups[name].score() for name in sorted(groups)}
