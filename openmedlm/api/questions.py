"""Conversion of the examples that API functions take to checked questions."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import dspy

from openmedlm.data import Question, question_from_record
from openmedlm.utils.errors import UserError


def to_questions(examples: Sequence[dspy.Example | Question], split: str) -> list[Question]:
    """Return checked questions with distinct ids.

    Args:
        examples: Questions, or `dspy.Example`s with `question`, `options` and `answer`; `id`, `benchmark`, `subject`,
            `context` and `split` where there are any. A missing id is made from the question's text.
        split: Split of examples that name none.

    Raises:
        UserError: An example lacks a field, its answer is none of its options, or two have one id.
    """
    questions = [
        example if isinstance(example, Question) else _to_question(example, f"example {number}", split)
        for number, example in enumerate(examples)
    ]
    seen: dict[tuple[str, str], int] = {}
    for number, question in enumerate(questions):
        first = seen.setdefault((question.benchmark, question.id), number)
        if first != number:
            raise UserError(
                f"repeated id in example {number}: {question.id!r}, as in example {first}. Give each its own id."
            )
    return questions


def _to_question(example: Any, where: str, split: str) -> Question:
    if not isinstance(example, dspy.Example):
        raise UserError(
            f"not a question in {where}: {type(example).__name__}. Pass dspy.Example or openmedlm.Question objects."
        )
    fields = ("id", "subject", "question", "options", "answer", "context", "explanation")
    record = {name: example[name] for name in fields if example.get(name) is not None}
    if "id" not in record:
        record["id"] = hashlib.sha256(str(record.get("question")).encode()).hexdigest()[:16]
    if isinstance(record.get("context"), str):
        record["context"] = [record["context"]]
    question = question_from_record(
        record, where, example.get("benchmark") or "examples", example.get("split") or split
    )
    return replace(question, benchmark=example.get("benchmark") or question.benchmark)
