import random

import pytest

from openmedlm.metrics import compare, paired_bootstrap


def _programs(count: int, seed: int = 1) -> tuple[list[bool], list[bool]]:
    source = random.Random(seed)
    first = [source.random() < 0.65 for _ in range(count)]
    return first, [hit if source.random() < 0.7 else source.random() < 0.5 for hit in first]


def test_paired_bootstrap_many_questions_agrees_with_formula() -> None:
    first, second = _programs(2000)
    sampled, formula = paired_bootstrap(first, second), compare(first, second)
    assert (sampled.low, sampled.high) == pytest.approx((formula.ci_low, formula.ci_high), abs=0.003)


def test_paired_bootstrap_depends_only_on_the_seed() -> None:
    first, second = _programs(300)
    assert paired_bootstrap(first, second, seed=3) == paired_bootstrap(first, second, seed=3)
    assert paired_bootstrap(first, second, seed=3) != paired_bootstrap(first, second, seed=4)


def test_paired_bootstrap_clusters_keep_width_for_duplicates() -> None:
    first, second = _programs(100)
    once = paired_bootstrap(first, second)
    clusters = [*range(100)] * 10
    clustered = paired_bootstrap(first * 10, second * 10, clusters)
    naive = paired_bootstrap(first * 10, second * 10)
    assert clustered.high - clustered.low == pytest.approx(once.high - once.low, rel=0.05)
    assert naive.high - naive.low < 0.4 * (once.high - once.low)


def test_paired_bootstrap_equal_programs_have_zero_width() -> None:
    first, _ = _programs(50)
    interval = paired_bootstrap(first, first)
    assert (interval.low, interval.high) == (0.0, 0.0)


def test_paired_bootstrap_single_cluster_is_none() -> None:
    assert paired_bootstrap([True, True, False], [False, True, False], ["a", "a", "a"]) is None


def test_paired_bootstrap_invalid_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"first and second .* 2 and 1"):
        paired_bootstrap([True, False], [True])
    with pytest.raises(ValueError, match="first"):
        paired_bootstrap([], [])
    with pytest.raises(ValueError, match=r"clusters .* 1 for 2"):
        paired_bootstrap([True, False], [True, True], ["a"])
    with pytest.raises(ValueError, match=r"confidence .* 1\.5"):
        paired_bootstrap([True], [True], confidence=1.5)
    with pytest.raises(ValueError, match=r"resamples .* 0"):
        paired_bootstrap([True], [True], resamples=0)
