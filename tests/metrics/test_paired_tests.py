import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from openmedlm.metrics import (
    PairedCounts,
    difference_interval,
    mcnemar,
    mcnemar_mid_p,
    minimum_detectable_effect,
    paired_counts,
)

FLAGS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def test_paired_counts_counts_discordant_questions() -> None:
    counts = paired_counts([True, True, False, False, True], [True, False, True, False, False])
    assert counts == PairedCounts(n=5, only_first=2, only_second=1)
    assert (counts.discordant, counts.difference) == (3, pytest.approx(0.2))


def test_paired_counts_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="1 and 2"):
        paired_counts([True], [True, False])


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (5, 15, 2 * binom.cdf(5, 20, 0.5)),  # two-sided by symmetry: twice the smaller tail
        (12, 2, 2 * binom.cdf(2, 14, 0.5)),
        (0, 0, 1.0),
        (3, 3, 1.0),
    ],
)
def test_mcnemar_equals_the_exact_binomial_test(first: int, second: int, expected: float) -> None:
    assert mcnemar(PairedCounts(100, first, second)) == pytest.approx(expected)


def test_mcnemar_has_a_published_value() -> None:
    """Fagerland, Lydersen and Laake 2013 (BMC Med Res Methodol 13:91): 1 and 7 discordant of 21, exact p 0.070."""
    assert mcnemar(PairedCounts(21, 1, 7)) == pytest.approx(0.0703, abs=5e-5)


@given(FLAGS)
def test_mcnemar_one_sided_is_symmetric(flags: list[tuple[bool, bool]]) -> None:
    one, other = zip(*flags, strict=True)
    assert mcnemar(paired_counts(one, other), "less") == pytest.approx(mcnemar(paired_counts(other, one), "greater"))


@given(FLAGS)
def test_difference_interval_is_symmetric(flags: list[tuple[bool, bool]]) -> None:
    one, other = zip(*flags, strict=True)
    counts = paired_counts(one, other)
    interval, mirrored = difference_interval(counts), difference_interval(paired_counts(other, one))
    shrunk = counts.difference * counts.n / (counts.n + 2)
    assert -1 <= interval.low <= shrunk <= interval.high <= 1
    assert (interval.low, interval.high) == (pytest.approx(-mirrored.high), pytest.approx(-mirrored.low))


def test_difference_interval_has_the_stated_coverage() -> None:
    """Exact coverage over 40 questions, with 20 % discordant and the first program 10 points better."""
    n, only_first, only_second = 40, 0.15, 0.05
    covered = total = 0.0
    for first in range(n + 1):
        for second in range(n + 1 - first):
            weight = binom.pmf(first, n, only_first) * binom.pmf(second, n - first, only_second / (1 - only_first))
            interval = difference_interval(PairedCounts(n, first, second))
            covered += weight * (interval.low <= only_first - only_second <= interval.high)
            total += weight
    assert total == pytest.approx(1)
    assert 0.94 < covered < 0.98


def test_difference_interval_without_questions_is_refused() -> None:
    with pytest.raises(ValueError, match="no questions"):
        difference_interval(PairedCounts(0, 0, 0))
    with pytest.raises(ValueError, match="at least 1"):
        minimum_detectable_effect(0, 0.2)


def test_difference_interval_confidence_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"confidence .* 1\.5"):
        difference_interval(PairedCounts(3, 1, 1), 1.5)


def test_minimum_detectable_effect_is_2_8_standard_errors() -> None:
    assert minimum_detectable_effect(300, 0.2) == pytest.approx(2.8 * math.sqrt(0.2 / 300), rel=1e-3)


def test_minimum_detectable_effect_has_80_percent_power() -> None:
    n, discordant = 1000, 0.2
    effect = minimum_detectable_effect(n, discordant)
    only_first, only_second = (discordant + effect) / 2, (discordant - effect) / 2
    power = 0.0
    for first in range(60, 200):
        for second in range(30, 170):
            weight = binom.pmf(first, n, only_first) * binom.pmf(second, n - first, only_second / (1 - only_first))
            if weight > 1e-7 and mcnemar(PairedCounts(n, first, second)) < 0.05:
                power += weight
    assert 0.75 < power < 0.83


def test_mid_p_has_a_published_value() -> None:
    """Fagerland, Lydersen and Laake 2013: 1 and 7 discordant of 21, mid-p 0.0391."""
    assert mcnemar_mid_p(PairedCounts(21, 1, 7)) == pytest.approx(0.0391, abs=5e-5)


@given(st.integers(0, 30), st.integers(0, 30))
def test_mid_p_is_exact_value_minus_half_the_observed(first: int, second: int) -> None:
    counts = PairedCounts(100, first, second)
    observed = binom.pmf(first, first + second, 0.5) if first + second else 0.0
    # In the middle the exact p-value is capped at 1, and the observed table counts once, not on both sides.
    expected = 1 - observed / 2 if first == second else mcnemar(counts) - observed
    assert mcnemar_mid_p(counts) == pytest.approx(expected)
    assert mcnemar_mid_p(counts) == pytest.approx(mcnemar_mid_p(PairedCounts(100, second, first)))


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((-1, 0, 0), "n .* -1"),
        ((5, -2, 0), "only_first .* -2"),
        ((5, 0, -3), "only_second .* -3"),
        ((5, 3, 3), "n=5.* 6"),
    ],
)
def test_paired_counts_impossible_counts_are_refused(counts: tuple[int, int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PairedCounts(*counts)


def test_mcnemar_unknown_alternative_is_refused() -> None:
    with pytest.raises(ValueError, match=r"alternative .* 'lower'"):
        mcnemar(PairedCounts(10, 1, 2), "lower")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0.2), "n .* 0"),
        ((10, 1.5), r"discordant_share .* 1\.5"),
        ((10, 0.2, 0.0), "alpha"),
        ((10, 0.2, 0.05, 1.0), "power"),
    ],
)
def test_minimum_detectable_effect_out_of_range_is_refused(arguments: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        minimum_detectable_effect(*arguments)  # type: ignore[arg-type]
