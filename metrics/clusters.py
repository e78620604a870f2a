"""The standard error of an accuracy whose questions are not independent."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from math import sqrt

from openmedlm.metrics.accuracy import Tally

_ONE = 1 << 32
"""A question, in a number whose lower half counts right answers: one number a cluster is the least to keep."""


def clustered_standard_error(right: Sequence[bool], clusters: Sequence[Hashable]) -> float:
    """Standard error of the share of right answers, questions of one cluster being as alike as they turn out to be.

    Questions about one passage, or asked twice, are right or wrong together; taken for independent, they make an
    interval too narrow. Equation 4 of Miller 2024 (arXiv 2411.00640), which is Liang and Zeger's (1986) for a mean:
    sqrt(sum over clusters of (sum of the residuals in it)²) / n. With a question a cluster it is sqrt(p (1 - p) / n).

    Args:
        right: a flag a question.
        clusters: what each question shares with others, in the same order; equal values are one cluster.

    Raises:
        ValueError: there are no questions, or not as many clusters as questions.
    """
    if not right:
        raise ValueError("no questions")
    if len(right) != len(clusters):
        raise ValueError(f"{len(right)} questions and {len(clusters)} clusters; name one for each question")
    tally = ClusterTally()
    for hit, cluster in zip(right, clusters, strict=True):
        tally.add(hit, cluster)
    return pooled_standard_error([tally])


class ClusterTally:
    """Counts questions and right answers by cluster, which is all that the standard error needs."""

    def __init__(self) -> None:
        self._counts: dict[Hashable, int] = {}
        self._alone = Tally()

    def add(self, hit: bool, cluster: Hashable | None) -> None:
        """Adds a question; None is a cluster of its own."""
        if cluster is None:
            self._alone.add(hit)
        else:
            self._counts[cluster] = self._counts.get(cluster, 0) + _ONE + hit

    def kinds(self) -> Counter[tuple[int, int]]:
        """How many clusters there are of each size and number of right answers."""
        kinds = Counter(divmod(count, _ONE) for count in self._counts.values())
        kinds[1, 1] += self._alone.correct
        kinds[1, 0] += self._alone.n - self._alone.correct
        return kinds


def pooled_standard_error(tallies: Iterable[ClusterTally]) -> float:
    """The standard error over all questions of some tallies, one at least; no cluster is in two of them."""
    kinds = sorted(sum((tally.kinds() for tally in tallies), Counter()).items())
    n = sum(times * size for (size, _), times in kinds)
    share = sum(times * hits for (_, hits), times in kinds) / n
    return sqrt(sum(times * (hits - size * share) ** 2 for (size, hits), times in kinds)) / n
