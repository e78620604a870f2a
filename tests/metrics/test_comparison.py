import pytest

from openmedlm.metrics import (
    compare,
    difference_interval,
    mcnemar,
    mcnemar_mid_p,
    minimum_detectable_effect,
    paired_counts,
)


def test_compare_has_the_values_of_the_paired_counts() -> None:
    first, second = [True] * 12 + [False] * 8, [True] * 7 + [False] * 12 + [True]
    counts, comparison = paired_counts(first, second), compare(first, second)
    interval = difference_interval(counts)
    assert comparison.as_json() == {
        "n": 20,
        "only_first": 5,
        "only_second": 1,
        "discordant": 6,
        "first_accuracy": 0.6,
        "second_accuracy": 0.4,
        "difference": pytest.approx(0.2),
        "ci_low": interval.low,
        "ci_high": interval.high,
        "p_value": mcnemar(counts),
        "mid_p": mcnemar_mid_p(counts),
        "minimum_detectable_effect": minimum_detectable_effect(20, 6 / 20),
    }


def test_compare_equal_programs_detectable_effect_is_positive() -> None:
    assert compare([True] * 50, [True] * 50).minimum_detectable_effect == minimum_detectable_effect(50, 1 / 50)


def test_compare_without_questions_is_refused() -> None:
    with pytest.raises(ValueError, match="no questions"):
        compare([], [])
