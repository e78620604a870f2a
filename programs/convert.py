"""Exemplars and questions as DSPy sees them: demos and input fields."""

from collections.abc import Iterable, Mapping
from typing import Any

import dspy

from openmedlm.data import Question
from openmedlm.programs.exemplar import Exemplar, exemplar_from_explanation


def to_demo(exemplar: Exemplar) -> dspy.Example:
    """The exemplar as a DSPy demo, with its id, so that a saved program still names where it came from."""
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
    """Questions as a trainset for the optimizers, with the rationales that their own explanations give."""
    return [to_demo(exemplar_from_explanation(question) or Exemplar(question)) for question in questions]


def to_exemplar(demo: Mapping[str, Any]) -> Exemplar:
    """The exemplar of a demo, ours or one that another DSPy optimizer made."""
    return Exemplar(to_question(demo), demo.get("reasoning"), demo.get("teacher"))


def to_question(fields: Mapping[str, Any]) -> Question:
    """The question that a strategy was called with: `question`, `options` and, where there is one, `context`."""
    context = fields.get("context") or ()
    options = fields["options"]
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
