"""A question as JSON, and back: every check on a question stands here."""

import string
from collections.abc import Mapping
from typing import NoReturn

from openmedlm.data.question import Question
from openmedlm.utils.errors import UserError

MAX_OPTIONS = len(string.ascii_uppercase)


def question_from_record(
    record: object, where: str, benchmark: str | None = None, split: str | None = None
) -> Question:
    """The checked question of one JSON record.

    A record is `{"id", "benchmark", "subject", "split", "question", "context", "options", "answer", "explanation"}`.
    `context` is null, a text or a list of texts; `options` maps `A`, `B`, … without gaps and in order to texts, or is
    the list of those texts; `subject`, `context` and `explanation` may be missing. Other keys are ignored. Texts stay
    as they are, white space included; an optional text that is blank counts as missing.

    Args:
        record: the decoded JSON value.
        where: the place that an error names, such as `FILE:ROW`.
        benchmark: overrides the record's `benchmark`, which may then be missing.
        split: overrides the record's `split`, which may then be missing.

    Raises:
        UserError: one line with `where`, what is wrong there, and the mend.
    """
    if not isinstance(record, Mapping):
        _refuse(where, f"a question is a JSON object, not {_kind(record)}; write one object a line")
    options = _options(record.get("options"), where)
    return Question(
        id=_text(record, "id", where),
        benchmark=_text(record, "benchmark", where) if benchmark is None else benchmark,
        split=_text(record, "split", where) if split is None else split,
        question=_text(record, "question", where),
        options=options,
        answer=_answer(record, options, where),
        subject=_optional_text(record, "subject", where),
        context=_context(record.get("context"), where),
        explanation=_optional_text(record, "explanation", where),
    )


def to_record(question: Question) -> dict[str, object]:
    """The JSON record that `question_from_record` turns back into the same question."""
    return {
        "id": question.id,
        "benchmark": question.benchmark,
        "subject": question.subject,
        "split": question.split,
        "question": question.question,
        "context": list(question.context) or None,
        "options": dict(question.options),
        "answer": question.answer,
        "explanation": question.explanation,
    }


def letters(count: int) -> tuple[str, ...]:
    """The first `count` option letters: `A`, `B`, …; at most twenty-six."""
    return tuple(string.ascii_uppercase[:count])


def _refuse(where: str, problem: str) -> NoReturn:
    raise UserError(f"{where}: {problem}")


def _kind(value: object) -> str:
    if isinstance(value, Mapping):
        return "an object"
    names = {type(None): "null", bool: "true or false", int: "a number", float: "a number", str: "a text"}
    return names.get(type(value), f"a {type(value).__name__}")


def _checked_text(value: object, name: str, where: str) -> str:
    if not isinstance(value, str):
        _refuse(where, f"{name} is {_kind(value)}; write it as a text in quotes")
    if not value.strip():
        _refuse(where, f"{name} is empty; fill it in")
    try:
        value.encode()
    except UnicodeEncodeError:
        _refuse(where, f"{name} holds half of a surrogate pair, which is no character; write the character itself")
    return value


def _text(record: Mapping[str, object], key: str, where: str) -> str:
    if record.get(key) is None:
        _refuse(where, f'"{key}" is missing; add it')
    return _checked_text(record[key], f'"{key}"', where)


def _optional_text(record: Mapping[str, object], key: str, where: str) -> str | None:
    value = record.get(key)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return _checked_text(value, f'"{key}"', where)


def _context(value: object, where: str) -> tuple[str, ...]:
    if value is None or (isinstance(value, str) and not value.strip()):
        return ()
    paragraphs = [value] if isinstance(value, str) else value
    if not isinstance(paragraphs, list | tuple):
        _refuse(where, f'"context" is {_kind(value)}; write null, a text or a list of texts')
    return tuple(_checked_text(text, f'"context" paragraph {n}', where) for n, text in enumerate(paragraphs, start=1))


def _options(value: object, where: str) -> dict[str, str]:
    if value is None:
        _refuse(where, '"options" is missing; add it, such as {"A": …, "B": …}')
    if isinstance(value, list | tuple):
        if len(value) > MAX_OPTIONS:
            _refuse(where, f"{len(value)} options; at most {MAX_OPTIONS} can be lettered")
        value = dict(zip(letters(len(value)), value, strict=True))
    if not isinstance(value, Mapping):
        _refuse(where, f'"options" is {_kind(value)}; write {{"A": …, "B": …}} or a list of texts')
    if not 2 <= len(value) <= MAX_OPTIONS:
        _refuse(where, f"{len(value)} options; a question has 2 to {MAX_OPTIONS}")
    expected = letters(len(value))
    if tuple(value) != expected:
        found = ", ".join(map(str, value))
        _refuse(where, f"the options are lettered {found}; letter them {', '.join(expected)}, in this order")
    return {letter: _checked_text(text, f"option {letter}", where) for letter, text in value.items()}


def _answer(record: Mapping[str, object], options: Mapping[str, str], where: str) -> str:
    answer = _text(record, "answer", where)
    if answer not in options:
        found = ", ".join(options)
        _refuse(where, f'the answer "{answer}" is not among the options {found}; correct the answer or add the option')
    return answer
