"""Accuracy over questions, over groups of questions, and over answer letters."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from openmedlm.metrics.intervals import wilson_interval


@dataclass(frozen=True, slots=True)
class Score:
    """Number of correct answers with the 95 % Wilson interval of the accuracy.

    Attributes:
        n: Number of questions, at least 0.
        correct: Number of correct answers.
        accuracy: correct / n, in [0, 1]; None if n is 0.
        ci_low: Lower bound of the interval; None if n is 0.
        ci_high: Upper bound of the interval; None if n is 0.
    """

    n: int
    correct: int
    accuracy: float | None
    ci_low: float | None
    ci_high: float | None


@dataclass(slots=True)
class Tally:
    """Running count of questions and correct answers."""

    n: int = 0
    correct: int = 0

    def add(self, correct: bool) -> None:
        """Add one question."""
        self.n += 1
        self.correct += correct

    def score(self) -> Score:
        """Return the accuracy so far, with its interval."""
        if not self.n:
            return Score(0, 0, None, None, None)
        interval = wilson_interval(self.correct, self.n)
        return Score(self.n, self.correct, self.correct / self.n, interval.low, interval.high)


def score(correct: Iterable[bool]) -> Score:
    """Return the accuracy of some answers with its 95 % Wilson interval.

    Args:
        correct: One flag per question.

    Example:
        >>> score([True, True, False, True]).accuracy
        0.75
    """
    tally = Tally()
    for flag in correct:
        tally.add(flag)
    return tally.score()


def macro_average(scores: Iterable[Score]) -> float | None:
    """Return the mean accuracy over groups of questions, each with the same weight.

    Args:
        scores: One score per group, such as a subject; groups without questions are ignored.

    Returns:
        The mean, in [0, 1]; None if there is no group with questions.

    Example:
        >>> macro_average([score([True, True, True, False]), score([False])])
        0.375
    """
    accuracies = [group.accuracy for group in scores if group.accuracy is not None]
    return mean(accuracies) if accuracies else None


def macro_f1(golds: Sequence[str], answers: Sequence[str | None]) -> float | None:
    """Return the mean F1 over the gold letters, as on PubMedQA's leaderboard (Jin et al. 2019).

    The F1 of a letter is 2 TP / (2 TP + FP + FN). A question without an answer is a false negative of its gold letter.

    Args:
        golds: Gold letter of each question.
        answers: Answer of each question, in the same order; None for no answer.

    Returns:
        The mean, in [0, 1]; None if there are no questions.

    Raises:
        ValueError: The lengths differ.

    Example:
        >>> macro_f1(["A", "A", "B"], ["A", "A", None])
        0.5
    """
    if len(golds) != len(answers):
        raise ValueError(f"golds and answers must have the same length, got {len(golds)} and {len(answers)}")
    return weighted_macro_f1(Counter(zip(golds, answers, strict=True)))


def weighted_macro_f1(pairs: Mapping[tuple[str, str | None], int]) -> float | None:
    """Return `macro_f1` of counted pairs of gold letter and answer."""
    if not pairs:
        return None
    from sklearn.metrics import f1_score

    golds = [gold for gold, _ in pairs]
    answers = [answer or "" for _, answer in pairs]
    counts = list(pairs.values())
    letters = sorted(set(golds))
    return float(f1_score(golds, answers, labels=letters, average="macro", zero_division=0.0, sample_weight=counts))
