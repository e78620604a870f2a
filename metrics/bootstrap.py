"""The difference between two programs, by drawing their questions again."""

from collections.abc import Hashable, Sequence

from openmedlm.metrics.intervals import Interval

RESAMPLES = 9_999
BATCH_BYTES = 64 * 2**20


def paired_bootstrap(
    first: Sequence[bool],
    second: Sequence[bool],
    clusters: Sequence[Hashable] | None = None,
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """Percentile interval around the accuracy of the first program less that of the second (Efron 1979; Koehn 2004).

    Questions are drawn again with replacement, both programs' answers to one together; with clusters, whole clusters
    are drawn (Field and Welsh 2007). It assumes less than `difference_interval`, and is the one that heeds clusters.

    Args:
        first, second: right answers, a flag a question, in the same order.
        clusters: what each question shares with others, see `clustered_standard_error`; None takes each alone.
        confidence: two-sided coverage, between 0 and 1 exclusive.
        resamples: draws.
        seed: of the draws.

    Returns:
        The interval; None for a single cluster, of which every draw is the same.

    Raises:
        ValueError: the programs, or the clusters, are not about as many questions, or about none.
    """
    import numpy as np
    from scipy.stats import bootstrap

    if not first:
        raise ValueError("no questions in common")
    if not len(first) == len(second) == len(clusters or first):
        raise ValueError(f"{len(first)} and {len(second)} answers, {len(clusters or first)} clusters; pair them first")
    groups = list(dict.fromkeys(clusters)) if clusters else None
    place = {group: number for number, group in enumerate(groups)} if groups else {}
    members = np.array([place[cluster] for cluster in clusters]) if clusters else np.arange(len(first))
    ahead = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    sums, sizes = np.bincount(members, weights=ahead), np.bincount(members).astype(float)
    if len(sums) == 1:
        return None
    found = bootstrap(
        (sums, sizes),
        lambda drawn, counted, axis: drawn.sum(axis=axis) / counted.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, BATCH_BYTES // (8 * len(sums))),
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(float(found.low), float(found.high))
