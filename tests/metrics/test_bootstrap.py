import random

import pytest

from openmedlm.metrics import compare, paired_bootstrap


def _programs(count: int, seed: int = 1) -> tuple[list[bool], list[bool]]:
    source = random.Random(seed)
    first = [source.random() < 0.65 for _ in range(count)]
    return first, [hit if source.random() < 0.7 else source.random() < 0.5 for hit in first]


def test_it_agrees_with_the_formula_where_there_are_many_questions() -> None:
    first, second = _programs(2000)
    drawn, formula = paired_bootstrap(first, second), compare(first, second)
    assert (drawn.low, drawn.high) == pytest.approx((formula.ci_low, formula.ci_high), abs=0.003)


def test_the_same_seed_draws_the_same() -> None:
    first, second = _programs(300)
    assert paired_bootstrap(first, second, seed=3) == paired_bootstrap(first, second, seed=3)
    assert paired_bootstrap(first, second, seed=3) != paired_bootstrap(first, second, seed=4)


def test_questions_asked_ten_times_are_not_taken_for_ten_times_as_many() -> None:
    first, second = _programs(100)
    once = paired_bootstrap(first, second)
    clusters = [*range(100)] * 10
    clustered = paired_bootstrap(first * 10, second * 10, clusters)
    naive = paired_bootstrap(first * 10, second * 10)
    assert clustered.high - clustered.low == pytest.approx(once.high - once.low, rel=0.05)
    assert naive.high - naive.low < 0.4 * (once.high - once.low)


def test_programs_that_answer_alike_differ_by_nothing() -> None:
    first, _ = _programs(50)
    interval = paired_bootstrap(first, first)
    assert (interval.low, interval.high) == (0.0, 0.0)


def test_one_cluster_has_no_interval() -> None:
    assert paired_bootstrap([True, True, False], [False, True, False], ["a", "a", "a"]) is None


def test_unpaired_programs_are_refused() -> None:
    with pytest.raises(ValueError, match="2 and 1 answers"):
        paired_bootstrap([True, False], [True])
    with pytest.raises(ValueError, match="no questions"):
        paired_bootstrap([], [])
