import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.metrics import calibration

PAIRS = st.lists(st.tuples(st.sampled_from([k / 10 for k in range(11)]), st.booleans()), min_size=1, max_size=60)


def test_calibration_ece_is_the_weighted_gap_of_the_bins() -> None:
    """Ten questions at 0.9, six correct; ten at 0.5, five correct: (10 × 0.3 + 10 × 0) / 20."""
    result = calibration([0.9] * 10 + [0.5] * 10, [True] * 6 + [False] * 4 + [True] * 5 + [False] * 5)
    assert result.ece == pytest.approx(0.15)
    assert [(each.low, each.n, each.accuracy) for each in result.bins] == [(0.4, 10, 0.5), (0.8, 10, 0.6)]


def test_calibration_share_on_bin_edge_is_in_the_lower_bin() -> None:
    """3/10 may be 0.30000000000000004; 0 is in the first bin."""
    result = calibration([0.1 + 0.2, 0.0, 1.0], [True, False, True])
    assert [each.low for each in result.bins] == [0.0, 0.2, 0.9]


@given(PAIRS)
def test_calibration_brier_and_auroc_equal_their_definitions(pairs: list[tuple[float, bool]]) -> None:
    shares, right = (list(column) for column in zip(*pairs, strict=True))
    result = calibration(shares, right)
    assert result.brier == pytest.approx(sum((share - hit) ** 2 for share, hit in pairs) / len(pairs))
    duels = [(a > b) + 0.5 * (a == b) for a, hit in pairs if hit for b, other in pairs if not other]
    assert result.auroc == (pytest.approx(sum(duels) / len(duels)) if duels else None)


@given(PAIRS)
def test_calibration_risk_at_full_coverage_is_the_error_rate(pairs: list[tuple[float, bool]]) -> None:
    shares, right = (list(column) for column in zip(*pairs, strict=True))
    curve = calibration(shares, right).risk_coverage
    assert (curve[-1].coverage, curve[-1].risk) == (1.0, pytest.approx(1 - sum(right) / len(right)))
    for point in curve:
        answered = [hit for share, hit in pairs if share >= point.share]
        assert point.coverage == pytest.approx(len(answered) / len(pairs))
        assert point.risk == pytest.approx(1 - sum(answered) / len(answered))


def test_calibration_aurc_is_mean_risk_over_random_orders() -> None:
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


def test_calibration_equal_shares_have_auroc_one_half() -> None:
    result = calibration([0.7] * 10, [True, False] * 5)
    assert (result.auroc, result.aurc) == (0.5, 0.5)


def test_calibration_invalid_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shares .* 1\.2"):
        calibration([1.2], [True])
    with pytest.raises(ValueError, match="shares"):
        calibration([], [])
    with pytest.raises(ValueError, match="1 and 2"):
        calibration([0.5], [True, False])
