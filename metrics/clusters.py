"""The standard error of an accuracy whose questions are not independent."""

from collections.abc import Hashable, Sequence
from math import sqrt


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
    share = sum(right) / len(right)
    residuals: dict[Hashable, float] = {}
    for hit, cluster in zip(right, clusters, strict=True):
        residuals[cluster] = residuals.get(cluster, 0.0) + hit - share
    return sqrt(sum(residual**2 for residual in residuals.values())) / len(right)
