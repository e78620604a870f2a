"""Exemplars: worked examples that a prompt shows before the question."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

import orjson

from openmedlm.data import Question
from openmedlm.programs.final_answer import split_closing
from openmedlm.programs.option_order import can_reorder_options


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A pool question with its gold letter and, if there is one, the rationale that leads to it.

    Attributes:
        question: Pool question; the exemplar shows its `answer`.
        rationale: Reasoning without the closing sentence that names the letter, which the template adds. None if only
            the answer can be shown.
        teacher: Author of the rationale: `dataset` or a model string; None without a rationale.
        letters: Offsets of the rationale's letters that name options and follow them when the options are reordered.
            None if the options must keep their order (see `with_letter_refs`).

    Example:
        >>> question = Question("q1", "mine", "pool", "Which organ pumps?", {"A": "Liver", "B": "Heart"}, "B")
        >>> Exemplar(question, "Option B pumps blood.", "dataset").with_letter_refs().letters
        (7,)
    """

    question: Question
    rationale: str | None = None
    teacher: str | None = None
    letters: tuple[int, ...] | None = None

    def without_rationale(self) -> "Exemplar":
        """Return the exemplar with its answer only."""
        return replace(self, rationale=None, teacher=None, letters=None)

    def with_letter_refs(self) -> "Exemplar":
        """Return the exemplar with its `letters`: None if an option refers to others, or a reference is unsure."""
        from openmedlm.programs.letter_references import (
            letter_references,  # compiling its patterns takes as long as loading a program
        )

        if not can_reorder_options(self.question):
            return self
        return replace(self, letters=letter_references(self.rationale or "", self.question))


def exemplars_digest(exemplars: Sequence[Exemplar]) -> str:
    """Return the sha256 over all parts of the exemplars that prompts can show, in their order."""
    digest = hashlib.sha256()
    for exemplar in exemplars:
        shown = asdict(exemplar) | {"question": asdict(replace(exemplar.question, split="", explanation=None))}
        digest.update(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS))
    return digest.hexdigest()


def exemplar_from_explanation(question: Question) -> Exemplar | None:
    """Return the exemplar that the benchmark's own explanation gives.

    Returns:
        None if there is no explanation, or if it closes on another letter than the gold one. Such a rationale would
        teach the model to argue for a wrong answer.

    Example:
        >>> options = {"A": "Liver", "B": "Heart"}
        >>> question = Question("q1", "mine", "pool", "Which pumps?", options, "B", explanation="It beats. Answer: B")
        >>> exemplar_from_explanation(question).rationale
        'It beats.'
    """
    rationale, letter = split_closing(question.explanation or "", question.options)
    if not rationale or letter not in (None, question.answer):
        return None
    return Exemplar(question, rationale, teacher="dataset")


def to_exemplars(questions: Iterable[Question]) -> list[Exemplar]:
    """Return questions as exemplars, with the rationales that their own explanations give."""
    return [exemplar_from_explanation(question) or Exemplar(question) for question in questions]
