"""Which questions stand twice: inside a split, and across splits and benchmarks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from openmedlm.data.question import Question
from openmedlm.data.text_profile import NEAR, Kind, duplicate_kind, normalise, profile

MANY = 64
"""Questions from which on it pays to load what looks for likely pairs first."""


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """The same question twice.

    Attributes:
        first, second: as they stand, in the order in which they were given.
        kind: `exact` or `near`, see `openmedlm.data.text_profile.duplicate_kind`.
        same_answer: whether their gold options say the same; where not, one of the keys is wrong, or a word decides.
    """

    first: Question
    second: Question
    kind: Kind
    same_answer: bool

    @property
    def leak(self) -> bool:
        """Whether they stand in different splits, or in different benchmarks."""
        return (self.first.benchmark, self.first.split) != (self.second.benchmark, self.second.split)

    def as_json(self) -> dict[str, Any]:
        """As `data check --json` shows it."""
        both = (self.first, self.second)
        where = (
            {"splits": [q.split for q in both], "benchmarks": [q.benchmark for q in both]}
            if self.leak
            else {"split": self.first.split, "benchmark": self.first.benchmark}
        )
        return {**where, "ids": [q.id for q in both], "kind": self.kind, "same_answer": self.same_answer}


def find_duplicates(questions: Sequence[Question], threshold: float = NEAR) -> list[DuplicatePair]:
    """All pairs of exact and near duplicates, in the order of the questions.

    Every pair that comparing each question with each would find, and no other: exact duplicates share all their
    shingles, and `similar_pairs` finds all of that similarity.

    Args:
        questions: of any splits and benchmarks together.
        threshold: least Jaccard similarity of a near duplicate, in (0, 1].
    """
    from openmedlm.data.similarity import similar_pairs

    pairs = sorted(similar_pairs(questions, threshold))
    return [
        DuplicatePair(a, b, kind, _gold(a) == _gold(b))
        for a, b in ((questions[first], questions[second]) for first, second in pairs)
        if (kind := duplicate_kind(profile(a), profile(b), threshold)) is not None
    ]


def clusters(questions: Sequence[Question]) -> list[str]:
    """For each question the id of the first that it belongs with: they share a context, or are the same question twice.

    A question on its own has its own id.

    What a clustered standard error asks for: such questions are right or wrong together.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    from openmedlm.data.similarity import similar_pairs

    together = list(similar_pairs(questions, NEAR))
    met: dict[tuple[str, ...], int] = {}
    for place, question in enumerate(questions):
        if question.context:
            together.append((met.setdefault(question.context, place), place))
    rows, columns = list(zip(*together, strict=True)) if together else ((), ())
    count = len(questions)
    graph = coo_array(([True] * len(rows), (rows, columns)), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    first: dict[int, str] = {}
    return [first.setdefault(int(label), question.id) for label, question in zip(labels, questions, strict=True)]


class DuplicateIndex:
    """Finds the questions that repeat any of a few others, exactly or nearly.

    Args:
        few: what questions are compared with, each with each.
    """

    def __init__(self, few: Sequence[Question]) -> None:
        self._few = few
        self._profiles = [profile(question) for question in few]

    def among(self, questions: Sequence[Question]) -> dict[int, list[int]]:
        """The positions of the questions that repeat one, and of the few that each repeats."""
        repeated = {}
        for place in self._likely(questions):
            own = profile(questions[place])
            same = [n for n, other in enumerate(self._profiles) if duplicate_kind(own, other) is not None]
            if same:
                repeated[place] = same
        return repeated

    def _likely(self, questions: Sequence[Question]) -> Iterable[int]:
        if not self._few:
            return ()
        if len(questions) < MANY:
            return range(len(questions))
        from openmedlm.data.similarity import resembling

        return resembling(questions, self._few, NEAR)


def _gold(question: Question) -> str:
    return normalise(question.options[question.answer])
