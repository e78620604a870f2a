import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from openmedlm.metrics import Paired, difference_interval, mcnemar, mcnemar_mid_p, minimum_detectable_effect, paired

FLAGS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def test_only_questions_that_tell_the_two_apart_are_counted() -> None:
    pairs = paired([True, True, False, False, True], [True, False, True, False, False])
    assert pairs == Paired(n=5, first=2, second=1)
    assert (pairs.discordant, pairs.difference) == (3, pytest.approx(0.2))


def test_programs_over_different_numbers_of_questions_are_not_paired() -> None:
    with pytest.raises(ValueError, match="1 and 2 questions"):
        paired([True], [True, False])


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (5, 15, 2 * binom.cdf(5, 20, 0.5)),  # two-sided by symmetry: twice the smaller tail
        (12, 2, 2 * binom.cdf(2, 14, 0.5)),
        (0, 0, 1.0),
        (3, 3, 1.0),
    ],
)
def test_mcnemar_is_the_exact_binomial_test(first: int, second: int, expected: float) -> None:
    assert mcnemar(Paired(100, first, second)) == pytest.approx(expected)


def test_mcnemar_has_the_value_of_a_published_table() -> None:
    """Fagerland, Lydersen and Laake 2013 (BMC Med Res Methodol 13:91): 1 and 7 discordant of 21, exact p 0.070."""
    assert mcnemar(Paired(21, 1, 7)) == pytest.approx(0.0703, abs=5e-5)


@given(FLAGS)
def test_one_side_mirrors_the_other(flags: list[tuple[bool, bool]]) -> None:
    one, other = zip(*flags, strict=True)
    assert mcnemar(paired(one, other), "less") == pytest.approx(mcnemar(paired(other, one), "greater"))


@given(FLAGS)
def test_the_interval_holds_its_centre_and_mirrors(flags: list[tuple[bool, bool]]) -> None:
    one, other = zip(*flags, strict=True)
    pairs = paired(one, other)
    interval, mirrored = difference_interval(pairs), difference_interval(paired(other, one))
    shrunk = pairs.difference * pairs.n / (pairs.n + 2)
    assert -1 <= interval.low <= shrunk <= interval.high <= 1
    assert (interval.low, interval.high) == (pytest.approx(-mirrored.high), pytest.approx(-mirrored.low))


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Over all outcomes of 40 questions, with 20 % discordant and the first program 10 points ahead."""
    n, ahead, is_worse = 40, 0.15, 0.05
    covered = total = 0.0
    for first in range(n + 1):
        for second in range(n + 1 - first):
            weight = binom.pmf(first, n, ahead) * binom.pmf(second, n - first, is_worse / (1 - ahead))
            interval = difference_interval(Paired(n, first, second))
            covered += weight * (interval.low <= ahead - is_worse <= interval.high)
            total += weight
    assert total == pytest.approx(1)
    assert 0.94 < covered < 0.98


def test_nothing_is_said_of_no_questions() -> None:
    with pytest.raises(ValueError, match="no questions"):
        difference_interval(Paired(0, 0, 0))
    with pytest.raises(ValueError, match="at least 1"):
        minimum_detectable_effect(0, 0.2)


def test_a_confidence_outside_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1\.5"):
        difference_interval(Paired(3, 1, 1), 1.5)


def test_the_detectable_effect_is_two_point_eight_standard_errors() -> None:
    assert minimum_detectable_effect(300, 0.2) == pytest.approx(2.8 * math.sqrt(0.2 / 300), rel=1e-3)


def test_a_paired_test_finds_the_detectable_effect_four_times_in_five() -> None:
    n, discordant = 1000, 0.2
    effect = minimum_detectable_effect(n, discordant)
    ahead, is_worse = (discordant + effect) / 2, (discordant - effect) / 2
    power = 0.0
    for first in range(60, 200):
        for second in range(30, 170):
            weight = binom.pmf(first, n, ahead) * binom.pmf(second, n - first, is_worse / (1 - ahead))
            if weight > 1e-7 and mcnemar(Paired(n, first, second)) < 0.05:
                power += weight
    assert 0.75 < power < 0.83


def test_mid_p_has_the_value_of_a_published_table() -> None:
    """Fagerland, Lydersen and Laake 2013: 1 and 7 discordant of 21, mid-p 0.0391."""
    assert mcnemar_mid_p(Paired(21, 1, 7)) == pytest.approx(0.0391, abs=5e-5)


@given(st.integers(0, 30), st.integers(0, 30))
def test_mid_p_is_the_exact_value_less_half_of_what_was_seen(first: int, second: int) -> None:
    pairs = Paired(100, first, second)
    seen = binom.pmf(first, first + second, 0.5) if first + second else 0.0
    # In the middle the exact p-value is cut at 1, and what was seen counts once, not on both sides.
    expected = 1 - seen / 2 if first == second else mcnemar(pairs) - seen
    assert mcnemar_mid_p(pairs) == pytest.approx(expected)
    assert mcnemar_mid_p(pairs) == pytest.approx(mcnemar_mid_p(Paired(100, second, first)))
