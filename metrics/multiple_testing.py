"""Correction of p-values for several tests."""

from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return adjusted p-values: the tests with values below q have a false discovery rate of at most q.

    Two programs compared on four benchmarks have four chances of a small p-value by luck. The method is the step-up
    procedure of Benjamini and Hochberg 1995, section 3.1.

    Args:
        p_values: One p-value per test, each in [0, 1].

    Returns:
        Adjusted values in the same order; empty for no tests.

    Raises:
        ValueError: A p-value is not in [0, 1].

    Example:
        >>> benjamini_hochberg([0.01, 0.04, 0.5])
        [0.03, 0.06, 0.5]
    """
    for p_value in p_values:
        if not 0 <= p_value <= 1:
            raise ValueError(f"p_values must be in [0, 1], got {p_value}")
    if not p_values:
        return []
    from scipy.stats import false_discovery_control

    return [float(value) for value in false_discovery_control(list(p_values), method="bh")]
