import math
import random
from statistics import pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.metrics import clustered_standard_error

FLAGS = st.lists(st.booleans(), min_size=1, max_size=50)


@given(FLAGS)
def test_standard_error_without_clusters_is_binomial(right: list[bool]) -> None:
    share = sum(right) / len(right)
    usual = math.sqrt(share * (1 - share) / len(right))
    assert clustered_standard_error(right, range(len(right))) == pytest.approx(usual)


@given(FLAGS)
def test_standard_error_of_duplicated_questions_is_unchanged(right: list[bool]) -> None:
    once = clustered_standard_error(right, range(len(right)))
    assert clustered_standard_error(right * 2, [*range(len(right))] * 2) == pytest.approx(once)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=40))
def test_standard_error_equals_the_published_double_sum(rows: list[tuple[bool, int]]) -> None:
    """Equation 4 of Miller 2024: products of the residuals, summed over all pairs within a cluster."""
    right, clusters = zip(*rows, strict=True)
    mean = sum(right) / len(right)
    products = sum(
        (a - mean) * (b - mean)
        for a, one in zip(right, clusters, strict=True)
        for b, other in zip(right, clusters, strict=True)
        if one == other
    )
    # The residuals of a single cluster sum to zero, so rounding decides the last digits.
    assert clustered_standard_error(right, clusters) == pytest.approx(
        math.sqrt(max(products, 0)) / len(right), abs=1e-7
    )


def test_standard_error_equals_spread_of_simulated_accuracies() -> None:
    """200 passages of 5 questions each; half of the passages are completely right or completely wrong."""
    source = random.Random(0)

    def simulate() -> tuple[list[bool], list[int]]:
        right, clusters = [], []
        for passage in range(200):
            all_or_nothing, passage_correct = source.random() < 0.5, source.random() < 0.6
            for _ in range(5):
                right.append(passage_correct if all_or_nothing else source.random() < 0.6)
                clusters.append(passage)
        return right, clusters

    draws = [simulate() for _ in range(400)]
    spread = pstdev(sum(right) / len(right) for right, _ in draws)
    estimate = sum(clustered_standard_error(*draw) for draw in draws) / len(draws)
    naive = math.sqrt(0.6 * 0.4 / 1000)
    assert estimate == pytest.approx(spread, rel=0.12)
    assert spread > 1.5 * naive


def test_standard_error_invalid_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"clusters .* 2 for 3"):
        clustered_standard_error([True, False, True], ["a", "b"])
    with pytest.raises(ValueError, match="correct"):
        clustered_standard_error([], [])
