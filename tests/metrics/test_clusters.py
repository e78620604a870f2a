import math
import random
from statistics import pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.metrics import clustered_standard_error

FLAGS = st.lists(st.booleans(), min_size=1, max_size=50)


@given(FLAGS)
def test_questions_on_their_own_have_the_usual_standard_error(right: list[bool]) -> None:
    share = sum(right) / len(right)
    usual = math.sqrt(share * (1 - share) / len(right))
    assert clustered_standard_error(right, range(len(right))) == pytest.approx(usual)


@given(FLAGS)
def test_asking_everything_twice_tells_nothing_new(right: list[bool]) -> None:
    once = clustered_standard_error(right, range(len(right)))
    assert clustered_standard_error(right * 2, [*range(len(right))] * 2) == pytest.approx(once)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=40))
def test_it_is_the_published_double_sum(rows: list[tuple[bool, int]]) -> None:
    """Equation 4 of Miller 2024, written out: the residuals' products over all pairs within a cluster."""
    right, clusters = zip(*rows, strict=True)
    mean = sum(right) / len(right)
    products = sum(
        (a - mean) * (b - mean)
        for a, one in zip(right, clusters, strict=True)
        for b, other in zip(right, clusters, strict=True)
        if one == other
    )
    # One cluster alone has residuals that sum to nothing, so that rounding decides the last digits.
    assert clustered_standard_error(right, clusters) == pytest.approx(
        math.sqrt(max(products, 0)) / len(right), abs=1e-7
    )


def test_it_is_how_far_accuracies_of_clustered_questions_really_spread() -> None:
    """200 passages of 5 questions each, half of them answered wholly right or wholly wrong."""
    source = random.Random(0)

    def drawn() -> tuple[list[bool], list[int]]:
        right, clusters = [], []
        for passage in range(200):
            together, pair_outcomes = source.random() < 0.5, source.random() < 0.6
            for _ in range(5):
                right.append(pair_outcomes if together else source.random() < 0.6)
                clusters.append(passage)
        return right, clusters

    draws = [drawn() for _ in range(400)]
    spread = pstdev(sum(right) / len(right) for right, _ in draws)
    told = sum(clustered_standard_error(*draw) for draw in draws) / len(draws)
    naive = math.sqrt(0.6 * 0.4 / 1000)
    assert told == pytest.approx(spread, rel=0.12)
    assert spread > 1.5 * naive


def test_each_question_needs_its_cluster() -> None:
    with pytest.raises(ValueError, match="3 questions and 2 clusters"):
        clustered_standard_error([True, False, True], ["a", "b"])
    with pytest.raises(ValueError, match="no questions"):
        clustered_standard_error([], [])
