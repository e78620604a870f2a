"""Duplicate questions: inside a split, and across splits and benchmarks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from openmedlm.data.question import Question
from openmedlm.data.text_profile import NEAR_THRESHOLD, DuplicateKind, duplicate_kind, normalise, profile

PREFILTER_MIN_QUESTIONS = 64
"""Number of questions from which the import of the prefilter (numpy, scipy) is faster than a direct comparison."""


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """A pair of duplicate questions.

    Attributes:
        first: Earlier question, in the order given.
        second: Later question.
        kind: `exact` or `near`, see `openmedlm.data.text_profile.duplicate_kind`.
        same_answer: True if the gold options have the same text. If not, one of the keys is wrong, or a changed word
            changes the answer.
    """

    first: Question
    second: Question
    kind: DuplicateKind
    same_answer: bool

    @property
    def leak(self) -> bool:
        """True if the two are in different splits or in different benchmarks."""
        return (self.first.benchmark, self.first.split) != (self.second.benchmark, self.second.split)

    def as_json(self) -> dict[str, Any]:
        """Return the object that `data check --json` shows."""
        both = (self.first, self.second)
        where = (
            {"splits": [q.split for q in both], "benchmarks": [q.benchmark for q in both]}
            if self.leak
            else {"split": self.first.split, "benchmark": self.first.benchmark}
        )
        return {**where, "ids": [q.id for q in both], "kind": self.kind, "same_answer": self.same_answer}


def find_duplicates(questions: Sequence[Question], threshold: float = NEAR_THRESHOLD) -> list[DuplicatePair]:
    """Find all pairs of exact and near duplicates, in the order of the questions.

    The result is the same as that of comparing all pairs: exact duplicates share all their shingles, and
    `similar_pairs` finds every pair of that similarity.

    Args:
        questions: Questions of any splits and benchmarks.
        threshold: Minimum Jaccard similarity of a near duplicate, in (0, 1].

    Example:
        >>> options = {"A": "Heart", "B": "Liver"}
        >>> first = Question("1", "mine", "pool", "Which organ makes bile?", options, "B")
        >>> second = Question("2", "mine", "test", "which organ makes bile", options, "B")
        >>> [(pair.kind, pair.leak) for pair in find_duplicates([first, second])]
        [('exact', True)]
    """
    from openmedlm.data.similarity import similar_pairs

    pairs = sorted(similar_pairs(questions, threshold))
    return [
        DuplicatePair(a, b, kind, _gold_text(a) == _gold_text(b))
        for a, b in ((questions[first], questions[second]) for first, second in pairs)
        if (kind := duplicate_kind(profile(a), profile(b), threshold)) is not None
    ]


def clusters(questions: Sequence[Question]) -> list[str]:
    """Return the cluster of each question: the id of the first question in it.

    Questions are in one cluster if they have the same context or are duplicates, since they are right or wrong together
    (`openmedlm.metrics.clustered_standard_error`). A question without relatives is a cluster of its own.

    Example:
        >>> options, passage = {"A": "yes", "B": "no"}, ("The trial had 40 patients.",)
        >>> first = Question("1", "mine", "test", "Was the trial blind?", options, "A", context=passage)
        >>> second = Question("2", "mine", "test", "Did the drug help?", options, "B", context=passage)
        >>> clusters([first, second])
        ['1', '1']
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    from openmedlm.data.similarity import similar_pairs

    edges = list(similar_pairs(questions, NEAR_THRESHOLD))
    first_of_context: dict[tuple[str, ...], int] = {}
    for position, question in enumerate(questions):
        if question.context:
            edges.append((first_of_context.setdefault(question.context, position), position))
    rows, columns = list(zip(*edges, strict=True)) if edges else ((), ())
    count = len(questions)
    graph = coo_array(([True] * len(rows), (rows, columns)), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    names: dict[int, str] = {}
    return [names.setdefault(int(label), question.id) for label, question in zip(labels, questions, strict=True)]


class DuplicateIndex:
    """Index of a few questions that finds their duplicates among many others.

    Args:
        references: Questions to compare with, such as the exemplars of a prompt.

    Example:
        >>> options = {"A": "Heart", "B": "Liver"}
        >>> exemplar = Question("1", "mine", "pool", "Which organ makes bile?", options, "B")
        >>> question = Question("2", "mine", "test", "which organ makes bile", options, "B")
        >>> DuplicateIndex([exemplar]).among([question])
        {0: [0]}
    """

    def __init__(self, references: Sequence[Question]) -> None:
        self._references = references
        self._profiles = [profile(question) for question in references]

    def among(self, questions: Sequence[Question]) -> dict[int, list[int]]:
        """Return, by position of each duplicate in `questions`, the positions of the references it duplicates."""
        duplicates = {}
        for position in self._candidates(questions):
            own = profile(questions[position])
            same = [n for n, other in enumerate(self._profiles) if duplicate_kind(own, other) is not None]
            if same:
                duplicates[position] = same
        return duplicates

    def _candidates(self, questions: Sequence[Question]) -> Iterable[int]:
        if not self._references:
            return ()
        if len(questions) < PREFILTER_MIN_QUESTIONS:
            return range(len(questions))
        from openmedlm.data.similarity import similar_candidates

        return similar_candidates(questions, self._references, NEAR_THRESHOLD)


def _gold_text(question: Question) -> str:
    return normalise(question.options[question.answer])
