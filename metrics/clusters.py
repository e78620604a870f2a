"""Standard error of an accuracy over questions that are not independent."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from math import sqrt

from openmedlm.metrics.accuracy import Tally

_ONE_QUESTION = 1 << 32
"""One question in a combined counter: questions in the upper 32 bits, correct answers in the lower, to save memory."""


def clustered_standard_error(correct: Sequence[bool], clusters: Sequence[Hashable]) -> float:
    """Return the standard error of the accuracy with questions in clusters.

    Questions about one passage, or duplicates, are right or wrong together; an interval that takes them for independent
    is too narrow. The formula is equation 4 of Miller 2024 (arXiv 2411.00640), the estimator of Liang and Zeger 1986
    for a mean: sqrt(sum over clusters of (sum of its residuals)²) / n. With one question per cluster it equals sqrt(p
    (1 - p) / n).

    Args:
        correct: One flag per question; at least one question.
        clusters: Cluster of each question, in the same order; equal values are one cluster.

    Returns:
        The standard error, in [0, 1].

    Raises:
        ValueError: There are no questions, or the lengths differ.

    Example:
        >>> clustered_standard_error([True, True, False, False], ["p1", "p1", "p2", "p2"])
        0.3535533905932738
        >>> clustered_standard_error([True, True, False, False], ["q1", "q2", "q3", "q4"])
        0.25
    """
    if not correct:
        raise ValueError("correct must have at least one question, got none")
    if len(correct) != len(clusters):
        raise ValueError(f"clusters must have one entry per question, got {len(clusters)} for {len(correct)} questions")
    tally = ClusterTally()
    for flag, cluster in zip(correct, clusters, strict=True):
        tally.add(flag, cluster)
    return pooled_standard_error([tally])


class ClusterTally:
    """Running count of questions and correct answers by cluster."""

    def __init__(self) -> None:
        self._counts: dict[Hashable, int] = {}
        self._unclustered = Tally()

    def add(self, correct: bool, cluster: Hashable | None) -> None:
        """Add one question; with None it is a cluster of its own."""
        if cluster is None:
            self._unclustered.add(correct)
        else:
            self._counts[cluster] = self._counts.get(cluster, 0) + _ONE_QUESTION + correct

    def kinds(self) -> Counter[tuple[int, int]]:
        """Count the clusters by (number of questions, number of correct answers)."""
        kinds = Counter(divmod(count, _ONE_QUESTION) for count in self._counts.values())
        kinds[1, 1] += self._unclustered.correct
        kinds[1, 0] += self._unclustered.n - self._unclustered.correct
        return kinds


def pooled_standard_error(tallies: Iterable[ClusterTally]) -> float:
    """Return the standard error over all questions of the tallies, which share no cluster and have a question."""
    kinds = sorted(sum((tally.kinds() for tally in tallies), Counter()).items())
    n = sum(times * size for (size, _), times in kinds)
    share = sum(times * hits for (_, hits), times in kinds) / n
    return sqrt(sum(times * (hits - size * share) ** 2 for (size, hits), times in kinds)) / n
