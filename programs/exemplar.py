"""A worked example that a prompt shows before the question."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import orjson

from openmedlm.data import Question
from openmedlm.programs.final_answer import split_closing


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A pool question with its gold letter and, where there is one, the rationale that leads to it.

    Attributes:
        question: the pool question; its `answer` is what the exemplar shows.
        rationale: the reasoning, without the closing sentence that names the letter (the template writes that);
            None where only the answer can be shown.
        teacher: who wrote the rationale: `dataset`, or a model string; None without a rationale.
        letters: where the options may be shown in another order, the offsets of the rationale's letters that name
            options and then have to follow; None where the order has to stay (see `with_letter_refs`).
    """

    question: Question
    rationale: str | None = None
    teacher: str | None = None
    letters: tuple[int, ...] | None = None

    def without_rationale(self) -> "Exemplar":
        return replace(self, rationale=None, teacher=None, letters=None)

    def with_letter_refs(self) -> "Exemplar":
        """The exemplar with its `letters`: None where an option speaks of the others, or a reference is unsure."""
        from openmedlm.programs.letter_references import (
            letter_references,  # compiling its patterns takes as long as loading a program
        )
        from openmedlm.programs.reorderable import can_reorder_options

        if not can_reorder_options(self.question):
            return self
        return replace(self, letters=letter_references(self.rationale or "", self.question))


def exemplars_digest(exemplars: Sequence[Exemplar]) -> str:
    """sha256 over all that prompts can show of exemplars, in their order."""
    digest = hashlib.sha256()
    for exemplar in exemplars:
        shown = asdict(exemplar) | {"question": asdict(replace(exemplar.question, split="", explanation=None))}
        digest.update(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS))
    return digest.hexdigest()


def exemplar_from_explanation(question: Question) -> Exemplar | None:
    """The exemplar that the benchmark's own explanation gives.

    Returns:
        None where there is no explanation, or where it closes on another letter than the gold one: such a rationale
        would teach the model to argue for a wrong answer.
    """
    rationale, letter = split_closing(question.explanation or "", question.options)
    if not rationale or letter not in (None, question.answer):
        return None
    return Exemplar(question, rationale, teacher="dataset")
