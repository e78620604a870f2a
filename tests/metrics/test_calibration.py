import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.metrics import calibration

PAIRS = st.lists(st.tuples(st.sampled_from([k / 10 for k in range(11)]), st.booleans()), min_size=1, max_size=60)


def test_ece_is_the_weighted_gap_of_the_bins() -> None:
    """Ten questions at 0.9, six of them right, and ten at 0.5, five of them right: (10 × 0.3 + 10 × 0) / 20."""
    told = calibration([0.9] * 10 + [0.5] * 10, [True] * 6 + [False] * 4 + [True] * 5 + [False] * 5)
    assert told.ece == pytest.approx(0.15)
    assert [(each.low, each.n, each.accuracy) for each in told.bins] == [(0.4, 10, 0.5), (0.8, 10, 0.6)]


def test_a_share_on_the_edge_of_a_bin_falls_below_it() -> None:
    """3/10 is 0.30000000000000004 in places; 0 belongs to the first bin."""
    told = calibration([0.1 + 0.2, 0.0, 1.0], [True, False, True])
    assert [each.low for each in told.bins] == [0.0, 0.2, 0.9]


@given(PAIRS)
def test_brier_and_auroc_are_what_their_definitions_count(pairs: list[tuple[float, bool]]) -> None:
    shares, right = (list(column) for column in zip(*pairs, strict=True))
    told = calibration(shares, right)
    assert told.brier == pytest.approx(sum((share - hit) ** 2 for share, hit in pairs) / len(pairs))
    duels = [(a > b) + 0.5 * (a == b) for a, hit in pairs if hit for b, other in pairs if not other]
    assert told.auroc == (pytest.approx(sum(duels) / len(duels)) if duels else None)


@given(PAIRS)
def test_risk_at_full_coverage_is_the_error_rate(pairs: list[tuple[float, bool]]) -> None:
    shares, right = (list(column) for column in zip(*pairs, strict=True))
    curve = calibration(shares, right).risk_coverage
    assert (curve[-1].coverage, curve[-1].risk) == (1.0, pytest.approx(1 - sum(right) / len(right)))
    for point in curve:
        answered = [hit for share, hit in pairs if share >= point.share]
        assert point.coverage == pytest.approx(len(answered) / len(pairs))
        assert point.risk == pytest.approx(1 - sum(answered) / len(answered))


def test_the_area_is_the_mean_risk_over_random_orders_of_equal_shares() -> None:
    source = random.Random(0)
    shares = [source.choice([0.4, 0.6, 1.0]) for _ in range(900)]
    right = [source.random() < share for share in shares]
    areas = []
    for _ in range(40):
        ranked = sorted(range(900), key=lambda i: (-shares[i], source.random()))
        wrong, risks = 0, []
        for answered, i in enumerate(ranked, start=1):
            wrong += not right[i]
            risks.append(wrong / answered)
        areas.append(sum(risks) / len(risks))
    assert calibration(shares, right).aurc == pytest.approx(sum(areas) / len(areas), abs=0.002)


def test_shares_that_tell_nothing_have_an_auroc_of_one_half() -> None:
    told = calibration([0.7] * 10, [True, False] * 5)
    assert (told.auroc, told.aurc) == (0.5, 0.5)


def test_what_is_no_share_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        calibration([1.2], [True])
    with pytest.raises(ValueError, match="0 vote shares"):
        calibration([], [])
