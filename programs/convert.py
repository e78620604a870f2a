"""Conversions between exemplars or questions and the examples, demos and input fields of DSPy."""

from collections.abc import Iterable, Mapping
from typing import Any

import dspy

from openmedlm.data import Question
from openmedlm.programs.exemplar import Exemplar, to_exemplars


def to_demo(exemplar: Exemplar) -> dspy.Example:
    """Return the exemplar as a DSPy demo, with the question's id, so that a saved program names its source."""
    question = exemplar.question
    fields: dict[str, Any] = {
        "id": question.id,
        "benchmark": question.benchmark,
        "subject": question.subject,
        "context": list(question.context) or None,
        "question": question.question,
        "options": dict(question.options),
        "answer": question.answer,
    }
    if exemplar.rationale is not None:
        fields |= {"reasoning": exemplar.rationale, "teacher": exemplar.teacher}
    return dspy.Example(**fields).with_inputs("context", "question", "options")


def to_demos(questions: Iterable[Question]) -> list[dspy.Example]:
    """Return a trainset for DSPy optimizers, with the rationales that the questions' own explanations give.

    Example:
        >>> question = Question("q1", "mine", "pool", "Which organ pumps?", {"A": "Liver", "B": "Heart"}, "B")
        >>> to_demos([question])[0].answer
        'B'
    """
    return [to_demo(exemplar) for exemplar in to_exemplars(questions)]


def to_exemplar(demo: Mapping[str, Any] | Exemplar) -> Exemplar:
    """Return the exemplar of a demo, made here or by another DSPy optimizer; an exemplar is returned as it is."""
    if isinstance(demo, Exemplar):
        return demo
    return Exemplar(to_question(demo), demo.get("reasoning"), demo.get("teacher"))


def to_question(fields: Mapping[str, Any]) -> Question:
    """Return the question of a demo, or of a strategy's call: `question`, `options` and optionally `context`."""
    context = fields.get("context") or ()
    # A call has no gold letter, which a Question needs: the prompt of the question itself shows none.
    options = fields["options"]
    if not isinstance(options, Mapping):
        raise TypeError(f"options must be a mapping of letters to texts, got {options!r}. Pass {{'A': …, 'B': …}}.")
    return Question(
        id=fields.get("id") or "",
        benchmark=fields.get("benchmark") or "",
        subject=fields.get("subject"),
        split="",
        question=fields["question"],
        options=options,
        answer=fields.get("answer") or next(iter(options)),
        context=(context,) if isinstance(context, str) else tuple(context),
    )
