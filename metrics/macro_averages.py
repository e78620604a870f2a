"""Averages that give each subject, or each answer, the same weight."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import mean

from openmedlm.metrics.accuracy import Score


def macro_average(scores: Iterable[Score]) -> float | None:
    """The mean accuracy over groups, each counting the same whatever its size; None without a group."""
    shares = [each.accuracy for each in scores if each.accuracy is not None]
    return mean(shares) if shares else None


def macro_f1(golds: Sequence[str], answers: Sequence[str | None]) -> float | None:
    """The mean F1 over the gold letters, as PubMedQA's leaderboard has it (Jin et al. 2019); None without a question.

    For each letter 2 TP / (2 TP + FP + FN); a question without an answer is missed by its gold letter.

    Raises:
        ValueError: there are not as many answers as golds.
    """
    if len(golds) != len(answers):
        raise ValueError(f"{len(golds)} golds and {len(answers)} answers; name one for each question")
    return weighted_macro_f1(Counter(zip(golds, answers, strict=True)))


def weighted_macro_f1(pairs: Mapping[tuple[str, str | None], int]) -> float | None:
    """The same of how often each gold letter met each answer."""
    if not pairs:
        return None
    from sklearn.metrics import f1_score

    golds = [gold for gold, _ in pairs]
    told = [answer or "" for _, answer in pairs]
    times = list(pairs.values())
    letters = sorted(set(golds))
    return float(f1_score(golds, told, labels=letters, average="macro", zero_division=0.0, sample_weight=times))
