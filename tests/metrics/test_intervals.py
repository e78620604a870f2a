import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from openmedlm.metrics.intervals import wilson_interval


@settings(deadline=None)
@given(st.integers(1, 20_000), st.data(), st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99]))
def test_wilson_interval_equals_scipy(total: int, data: st.DataObject, confidence: float) -> None:
    correct = data.draw(st.integers(0, total))
    ours = wilson_interval(correct, total, confidence)
    theirs = binomtest(correct, total).proportion_ci(confidence, method="wilson")
    assert ours.low == pytest.approx(theirs.low, abs=1e-12)
    assert ours.high == pytest.approx(theirs.high, abs=1e-12)


def test_wilson_interval_has_a_known_value() -> None:
    interval = wilson_interval(924, 1273)
    assert (round(interval.low, 3), round(interval.high, 3)) == (0.701, 0.750)


@settings(deadline=None)
@given(st.integers(1, 500), st.data())
def test_wilson_interval_contains_share_inside_zero_and_one(total: int, data: st.DataObject) -> None:
    correct = data.draw(st.integers(0, total))
    interval = wilson_interval(correct, total)
    assert 0.0 <= interval.low <= correct / total <= interval.high <= 1.0
    assert (interval.low == 0.0) == (correct == 0)
    assert (interval.high == 1.0) == (correct == total)


@pytest.mark.parametrize(
    ("correct", "total", "confidence", "named"),
    [
        (0, 0, 0.95, "total"),
        (-1, 5, 0.95, "correct"),
        (6, 5, 0.95, "correct"),
        (1, 5, 0.0, "conf"),
        (1, 5, 1.0, "conf"),
    ],
)
def test_wilson_interval_argument_out_of_range_is_refused(
    correct: int, total: int, confidence: float, named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        wilson_interval(correct, total, confidence)
