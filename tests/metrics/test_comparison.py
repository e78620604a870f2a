import pytest

from openmedlm.metrics import compare, difference_interval, mcnemar, mcnemar_mid_p, minimum_detectable_effect, paired


def test_a_comparison_is_what_the_paired_counts_say() -> None:
    first, second = [True] * 12 + [False] * 8, [True] * 7 + [False] * 12 + [True]
    pairs, compared = paired(first, second), compare(first, second)
    interval = difference_interval(pairs)
    assert compared.as_json() == {
        "n": 20,
        "only_first": 5,
        "only_second": 1,
        "discordant": 6,
        "first_accuracy": 0.6,
        "second_accuracy": 0.4,
        "difference": pytest.approx(0.2),
        "ci_low": interval.low,
        "ci_high": interval.high,
        "p_value": mcnemar(pairs),
        "mid_p": mcnemar_mid_p(pairs),
        "minimum_detectable_effect": minimum_detectable_effect(20, 6 / 20),
    }


def test_equal_programs_could_still_differ_by_what_one_question_would_show() -> None:
    assert compare([True] * 50, [True] * 50).minimum_detectable_effect == minimum_detectable_effect(50, 1 / 50)


def test_nothing_is_compared_on_no_questions() -> None:
    with pytest.raises(ValueError, match="no questions"):
        compare([], [])
