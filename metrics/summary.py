"""Accuracy, usage and cost of one program over a split: the fields of every JSON result."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from openmedlm.metrics.accuracy import Score, Tally, macro_average
from openmedlm.metrics.analysis import Analysis, AnalysisTally
from openmedlm.metrics.answer_parsing import CUT_OFF
from openmedlm.metrics.clusters import ClusterTally, pooled_standard_error
from openmedlm.metrics.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Summary:
    """Results of one run.

    Questions with an error or without an answer stay in `n` as not correct, so a broken endpoint never raises the
    accuracy. `errors` and `unanswered` count them separately from wrong answers and from each other.

    Attributes:
        n: Number of questions, errors and unanswered ones included.
        correct: Number of questions whose answer is the gold letter.
        accuracy: correct / n, in [0, 1]; None for n = 0.
        ci_low: Lower bound of the 95 % Wilson interval of the accuracy; None for n = 0.
        ci_high: Upper bound of that interval; None for n = 0.
        standard_error: Standard error of the accuracy, clustered by duplicates and passages; None for n = 0.
        macro_accuracy: Mean accuracy over the subjects, each with the same weight; None without subjects.
        unanswered: Number of questions with completions but no parsed vote.
        errors: Number of questions for which the endpoint failed.
        errors_by_kind: Kind of failure (`timeout`, `connection`, `http`, `malformed`) to number of questions.
        calls: Number of completions of all votes.
        prompt_tokens: Prompt tokens of these completions.
        completion_tokens: Completion tokens of these completions.
        cached_tokens: Prompt tokens from the endpoint's prefix cache.
        reasoning_tokens: Tokens of thoughts, a part of the completion tokens; None if the endpoint reports none.
        cost_usd: US dollars; None if the price of any completion is unknown, as for those of another system.
        cost_per_correct: US dollars per correct answer; None if the cost is unknown, no answer is correct, or there are
            no calls.
        votes_saved: Number of votes that were not requested, since the majority was decided.
        truncated: Number of votes that were cut off by the token limit, or that end inside their thoughts.
        constrained: Number of votes that needed a constrained follow-up request.
        resampled: Number of votes whose first completion was unparsed and that were sampled again.
        exemplars_shown: Number of exemplars in the prompts, counted once per question.
        duplicates_removed: Number of exemplars replaced, since they are duplicates of the question.
        exemplars_not_reordered: Number of exemplars that kept their option order while answer letters were balanced.
        seconds: Wall-clock time of the run.
        by_subject: Subject to its score, sorted by name; questions without a subject count only in the totals.
        by_benchmark: Benchmark to its score, sorted by name.
        analysis: Statistics of the votes.

    Example:
        >>> from openmedlm.metrics import Outcome, summarise
        >>> right = Outcome("q1", "medqa", None, gold="A", answer="A")
        >>> wrong = Outcome("q2", "medqa", None, gold="A", answer="B")
        >>> summarise([right, wrong], seconds=1.0)
        1/2 correct, 50.0 % (95 % CI 9.5 to 90.5), 0 no answer, 0 errors
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
    reasoning_tokens: int | None
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

    def __repr__(self) -> str:
        if self.accuracy is None or self.ci_low is None or self.ci_high is None:
            return "no questions"
        interval = f"{100 * self.accuracy:.1f} % (95 % CI {100 * self.ci_low:.1f} to {100 * self.ci_high:.1f})"
        return f"{self.correct}/{self.n} correct, {interval}, {self.unanswered} no answer, {self.errors} errors"

    def as_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON values, under their own names."""
        return asdict(self)


def summarise(outcomes: Iterable[Outcome], seconds: float) -> Summary:
    """Return the results of a run in one pass, without keeping the outcomes.

    Args:
        outcomes: One outcome per question.
        seconds: Wall-clock time of the run.

    Example:
        >>> outcomes = [Outcome(f"q{n}", "mine", None, gold="A", answer=answer) for n, answer in enumerate("AAB")]
        >>> summary = summarise(outcomes, seconds=1.5)
        >>> summary.n, summary.correct, round(summary.accuracy, 3)
        (3, 2, 0.667)
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
        self._statuses: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._sums: Counter[str] = Counter()
        self._methods: Counter[str] = Counter()
        self._reasoning_tokens: int | None = None
        self._cost = 0.0
        self._unpriced = False
        self._analysis = AnalysisTally()

    def add(self, outcome: Outcome) -> None:
        correct, status = outcome.correct, outcome.status
        self._total.add(correct)
        if outcome.subject is not None:
            self._subjects[outcome.subject].add(correct)
        if outcome.benchmark:
            self._benchmarks[outcome.benchmark].add(correct)
        self._clusters[outcome.benchmark].add(correct, outcome.cluster or None)
        self._statuses[status] += 1
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
            sums["truncated"] += vote.finish_reason == CUT_OFF or vote.rule == "truncated"
            if vote.reasoning_tokens is not None:
                self._reasoning_tokens = (self._reasoning_tokens or 0) + vote.reasoning_tokens
            self._methods[vote.method] += 1
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
            unanswered=self._statuses["unanswered"],
            errors=self._statuses["error"],
            errors_by_kind=dict(self._failures),
            cost_usd=None if self._unpriced else self._cost,
            cost_per_correct=None
            if self._unpriced or not total.correct or not sums["calls"]
            else self._cost / total.correct,
            reasoning_tokens=self._reasoning_tokens,
            constrained=self._methods["constrained"],
            resampled=self._methods["resampled"],
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
