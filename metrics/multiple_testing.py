"""Several tests at once."""

from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values (Benjamini and Hochberg 1995): those below q hold the false discovery rate at q.

    Two programs that are compared on four benchmarks have four chances of a small p-value.

    Args:
        p_values: of the tests, each in [0, 1].

    Returns:
        The adjusted values, in the same order; none for no tests.

    Raises:
        ValueError: a p-value lies outside [0, 1].
    """
    if not p_values:
        return []
    from scipy.stats import false_discovery_control

    return [float(value) for value in false_discovery_control(list(p_values), method="bh")]
