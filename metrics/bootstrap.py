"""Bootstrap interval of the difference between two programs."""

from collections.abc import Hashable, Sequence

from openmedlm.metrics.intervals import Interval, check_confidence

RESAMPLES = 9_999
MAX_BATCH_BYTES = 64 * 2**20


def paired_bootstrap(
    first: Sequence[bool],
    second: Sequence[bool],
    clusters: Sequence[Hashable] | None = None,
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """Return the percentile bootstrap interval of the accuracy difference, first minus second (Efron 1979; Koehn 2004).

    Questions are resampled with replacement, with the answers of both programs together. With clusters, whole clusters
    are resampled (Field and Welsh 2007). The method assumes less than `difference_interval`, and it accounts
    for clusters.

    Args:
        first: Flag per question: the first program is correct. At least one question.
        second: Flags of the second program, in the same order.
        clusters: Cluster of each question, see `clustered_standard_error`; None if questions are independent.
        confidence: Two-sided coverage, between 0 and 1 exclusive.
        resamples: Number of bootstrap samples, at least 1.
        seed: Seed of the random resampling.

    Returns:
        The interval, within [-1, 1]; None for a single cluster, since all its resamples are equal.

    Raises:
        ValueError: There are no questions, the lengths differ, or `confidence` or `resamples` is out of range.

    Example:
        >>> interval = paired_bootstrap([True] * 30 + [False] * 10, [True] * 20 + [False] * 20)
        >>> round(interval.low, 2), round(interval.high, 2)
        (0.12, 0.4)
    """
    if not first:
        raise ValueError("first must have at least one question, got none")
    if len(first) != len(second):
        raise ValueError(f"first and second must have the same length, got {len(first)} and {len(second)}")
    if clusters is not None and len(clusters) != len(first):
        raise ValueError(f"clusters must have one entry per question, got {len(clusters)} for {len(first)} questions")
    check_confidence(confidence)
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, got {resamples}")
    import numpy as np
    from scipy.stats import bootstrap

    groups = list(dict.fromkeys(clusters)) if clusters else None
    index = {group: number for number, group in enumerate(groups)} if groups else {}
    members = np.array([index[cluster] for cluster in clusters]) if clusters else np.arange(len(first))
    difference = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    sums, sizes = np.bincount(members, weights=difference), np.bincount(members).astype(float)
    if len(sums) == 1:
        return None
    interval = bootstrap(
        (sums, sizes),
        lambda drawn_sums, drawn_sizes, axis: drawn_sums.sum(axis=axis) / drawn_sizes.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, MAX_BATCH_BYTES // (8 * len(sums))),
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(float(interval.low), float(interval.high))
