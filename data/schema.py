"""Conversion of a JSON record to a question and back, with all checks on a question."""

import string
from collections.abc import Mapping
from typing import NoReturn

from openmedlm.data.question import Question
from openmedlm.utils.errors import UserError

MAX_OPTIONS = len(string.ascii_uppercase)


def question_from_record(
    record: object, where: str, benchmark: str | None = None, split: str | None = None
) -> Question:
    """Check one JSON record and return its question.

    A record is `{"id", "benchmark", "subject", "split", "question", "context", "options", "answer", "explanation"}`.
    `context` is null, a text or a list of texts. `options` maps `A`, `B`, … without gaps and in order to texts, or is
    the list of those texts. `subject`, `context` and `explanation` are optional; other keys are ignored. Texts are kept
    unchanged, white space included; a blank optional text counts as missing.

    Args:
        record: Decoded JSON value.
        where: Place for the error message, such as `FILE:ROW`.
        benchmark: Replaces the record's `benchmark`, which may then be missing.
        split: Replaces the record's `split`, which may then be missing.

    Raises:
        UserError: The record is invalid: one line with `where`, the problem and the fix.

    Example:
        >>> record = {"id": "1", "question": "Which organ makes bile?", "options": ["Heart", "Liver"], "answer": "B"}
        >>> question_from_record(record, "mine.jsonl:1", "mine", "dev").options
        {'A': 'Heart', 'B': 'Liver'}
    """
    if not isinstance(record, Mapping):
        _fail(where, f"a question must be a JSON object, got {_type_name(record)}. Write one object per line.")
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
    """Return the JSON record of a question; `question_from_record` returns an equal question.

    Example:
        >>> question = Question("1", "mine", "dev", "Which organ makes bile?", {"A": "Heart", "B": "Liver"}, "B")
        >>> question_from_record(to_record(question), "here") == question
        True
    """
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
    """Return the first `count` option letters: `A`, `B`, …; at most 26."""
    return tuple(string.ascii_uppercase[:count])


def _fail(where: str, problem: str) -> NoReturn:
    raise UserError(f"{where}: {problem}")


def _type_name(value: object) -> str:
    if isinstance(value, Mapping):
        return "an object"
    names = {type(None): "null", bool: "true or false", int: "a number", float: "a number", str: "a text"}
    return names.get(type(value), f"a {type(value).__name__}")


def _checked_text(value: object, name: str, where: str) -> str:
    if not isinstance(value, str):
        _fail(where, f"{name} must be a text, got {_type_name(value)}. Write it in quotes.")
    if not any(character.isprintable() and not character.isspace() for character in value):
        _fail(where, f"{name} is empty. Fill it in.")
    try:
        value.encode()
    except UnicodeEncodeError:
        _fail(where, f"{name} contains half of a surrogate pair. Write the whole character.")
    return value


def _text(record: Mapping[str, object], key: str, where: str) -> str:
    if record.get(key) is None:
        _fail(where, f'"{key}" is missing. Add it.')
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
        _fail(where, f'"context" must be null, a text or a list of texts, got {_type_name(value)}. Correct it.')
    return tuple(_checked_text(text, f'"context" paragraph {n}', where) for n, text in enumerate(paragraphs, start=1))


def _options(value: object, where: str) -> dict[str, str]:
    if value is None:
        _fail(where, '"options" is missing. Add it, such as {"A": …, "B": …}.')
    if isinstance(value, list | tuple):
        if len(value) > MAX_OPTIONS:
            _fail(where, f"too many options: {len(value)}. A question has 2 to {MAX_OPTIONS}.")
        value = dict(zip(letters(len(value)), value, strict=True))
    if not isinstance(value, Mapping):
        _fail(
            where,
            f'"options" must be an object or a list, got {_type_name(value)}. Write {{"A": …, "B": …}}.',
        )
    if not 2 <= len(value) <= MAX_OPTIONS:
        _fail(where, f"wrong number of options: {len(value)}. A question has 2 to {MAX_OPTIONS}.")
    expected = letters(len(value))
    if tuple(value) != expected:
        actual = ", ".join(map(str, value))
        _fail(where, f"wrong option letters: {actual}. Use {', '.join(expected)}, in this order.")
    return {letter: _checked_text(text, f"option {letter}", where) for letter, text in value.items()}


def _answer(record: Mapping[str, object], options: Mapping[str, str], where: str) -> str:
    value = record.get("answer")
    if value is not None and not isinstance(value, str):
        _fail(where, f'"answer" must be a text, got {_type_name(value)}. Write the letter of the right option.')
    answer = _text(record, "answer", where)
    if answer not in options:
        same = [letter for letter, text in options.items() if text.strip() == answer.strip()]
        if same:
            plural = "s" if len(same) > 1 else ""
            _fail(
                where,
                f'the answer "{answer}" is the text of option{plural} {", ".join(same)}. Write the letter of the right '
                "option.",
            )
        letters_given = ", ".join(options)
        _fail(
            where,
            f'the answer "{answer}" is not one of the options {letters_given}. Write one of these letters, or add the '
            "option.",
        )
    return answer
