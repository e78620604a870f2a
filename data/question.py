"""Question: the record that every package shares."""

from collections.abc import Mapping
from dataclasses import dataclass

from openmedlm.utils.choices import check_choice

SPLITS = ("pool", "dev", "test")
_ALIASES = {"train": "pool"}


@dataclass(frozen=True, slots=True)
class Question:
    """One multiple-choice question of a benchmark.

    Attributes:
        id: Identifier, unique within the benchmark over all its splits.
        benchmark: `medqa`, `medmcqa`, `pubmedqa`, `mmlu`, or the name given to imported questions.
        split: `pool` (source of exemplars), `dev` (tuning) or `test` (final results only).
        question: Stem.
        options: Letter to text, in the order shown: `A`, `B`, … without gaps; 2 to 26 of them.
        answer: Gold letter, a key of `options`.
        subject: Exam step, specialty or subject, if the benchmark has one.
        context: Paragraphs to read before the question, such as PubMedQA's abstract; often empty.
        explanation: The benchmark's own rationale, if it has one.

    Example:
        >>> question = Question("q1", "mine", "dev", "Which organ makes bile?", {"A": "Heart", "B": "Liver"}, "B")
        >>> question.options[question.answer]
        'Liver'
    """

    id: str
    benchmark: str
    split: str
    question: str
    options: Mapping[str, str]
    answer: str
    subject: str | None = None
    context: tuple[str, ...] = ()
    explanation: str | None = None


def canonical_split(name: str) -> str:
    """Return the name of a split as files and results spell it; `train` is another name of `pool`.

    Raises:
        UserError: The split is unknown.

    Example:
        >>> canonical_split("train"), canonical_split("dev")
        ('pool', 'dev')
    """
    return check_choice(_ALIASES.get(name, name), SPLITS, "split")
