import json
from collections.abc import Callable
from dataclasses import replace
from math import sqrt

import pytest
from scipy.stats import binomtest

from openmedlm.metrics.outcome import Outcome, Vote
from openmedlm.metrics.summary import Score, summarise

Make = Callable[..., Outcome]
MakeVote = Callable[..., Vote]


def test_summarise_errors_and_unanswered_stay_in_denominator(make_outcome: Make) -> None:
    outcomes = [
        make_outcome("A"),
        make_outcome("B"),
        make_outcome(None),
        make_outcome(None, error="HTTP 500"),
        make_outcome(None, error="timeout"),
    ]
    summary = summarise(outcomes, 1.5)
    assert (summary.n, summary.correct, summary.accuracy) == (5, 1, 0.2)
    assert (summary.unanswered, summary.errors, summary.seconds) == (1, 2, 1.5)


def test_summarise_interval_equals_wilson(make_outcome: Make) -> None:
    summary = summarise([make_outcome("A")] * 31 + [make_outcome("C")] * 9, 0.0)
    wilson = binomtest(31, 40).proportion_ci(method="wilson")
    assert (summary.ci_low, summary.ci_high) == pytest.approx((wilson.low, wilson.high))


def test_summarise_without_questions_has_no_accuracy() -> None:
    summary = summarise([], 0.0)
    assert (summary.n, summary.accuracy, summary.ci_low, summary.ci_high) == (0, None, None, None)
    assert (summary.cost_usd, summary.by_subject) == (0.0, {})


def test_summarise_sums_calls_tokens_and_cost(make_outcome: Make, make_vote: MakeVote) -> None:
    usage = {"calls": 2, "prompt_tokens": 100, "completion_tokens": 7, "cached_tokens": 60, "cost_usd": 0.25}
    outcomes = [
        make_outcome(votes=(make_vote(**usage), make_vote(**usage)), votes_saved=3),
        make_outcome(votes=(make_vote(**usage), make_vote(calls=0, error="refused")), votes_saved=1),
    ]
    summary = summarise(iter(outcomes), 0.0)
    assert (summary.calls, summary.prompt_tokens, summary.completion_tokens) == (6, 300, 21)
    assert (summary.cached_tokens, summary.cost_usd, summary.votes_saved) == (180, 0.75, 4)


def test_summarise_clusters_within_a_benchmark(make_outcome: Make) -> None:
    right, wrong = make_outcome(cluster="1"), make_outcome(answer="B", cluster="1")
    two_benchmarks = [right, right, replace(wrong, benchmark="x"), replace(wrong, benchmark="x")]
    assert summarise(two_benchmarks, 0.0).standard_error == pytest.approx(sqrt(2) / 4)
    assert summarise([right, right, wrong, wrong], 0.0).standard_error == 0


def test_summarise_one_unknown_price_makes_cost_unknown(make_outcome: Make, make_vote: MakeVote) -> None:
    priced, unpriced = make_vote(calls=1, cost_usd=0.1), make_vote(calls=1, cost_usd=None)
    assert summarise([make_outcome(votes=(priced, unpriced))], 0.0).cost_usd is None


def test_summarise_counts_truncated_and_sampling_methods(make_outcome: Make, make_vote: MakeVote) -> None:
    votes = (
        make_vote(finish_reason="length"),
        make_vote(finish_reason="stop", method="constrained"),
        make_vote(finish_reason="length", method="resampled"),
    )
    summary = summarise([make_outcome(votes=votes)], 0.0)
    assert (summary.truncated, summary.constrained, summary.resampled) == (2, 1, 1)


def test_summarise_subjects_are_sorted_by_name(make_outcome: Make) -> None:
    outcomes = [
        make_outcome("A", subject="virology"),
        make_outcome("B", subject="anatomy"),
        make_outcome("A", subject="anatomy"),
        make_outcome("A"),
    ]
    summary = summarise(outcomes, 0.0)
    assert list(summary.by_subject) == ["anatomy", "virology"]
    anatomy = binomtest(1, 2).proportion_ci(method="wilson")
    assert summary.by_subject["anatomy"] == Score(2, 1, 0.5, pytest.approx(anatomy.low), pytest.approx(anatomy.high))


def test_summary_json_has_the_documented_fields(make_outcome: Make) -> None:
    fields = json.loads(json.dumps(summarise([make_outcome("A", subject="anatomy")], 2.0).as_json()))
    documented = "n correct accuracy ci_low ci_high unanswered errors calls prompt_tokens completion_tokens cost_usd"
    assert {*documented.split(), "votes_saved", "seconds", "by_subject"} <= fields.keys()
    assert fields["by_subject"]["anatomy"].keys() == {"n", "correct", "accuracy", "ci_low", "ci_high"}
