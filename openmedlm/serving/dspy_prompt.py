"""Question in a prompt of DSPy's `ChatAdapter` or `JSONAdapter`."""

import json
import re
from collections.abc import Mapping
from typing import Any

from openmedlm.data import UserError
from openmedlm.serving.lettered_options import find_options
from openmedlm.serving.reply import ReplyFormat
from openmedlm.utils.strict_json import DuplicateKeyError, load_json

_HEADER = re.compile(r"^\[\[ ## (\w+) ## \]\][ \t]*\r?$", re.MULTILINE)
_CLOSING = re.compile(
    r"\n\s*Respond with (?:the corresponding output fields, starting with the field (?P<fields>`\[\[ ## .*)"
    r"|a JSON object in the following order of fields: (?P<json>.*))\s*\Z"
)
_FIELD = re.compile(r"`(?:\[\[ ## )?(\w+)(?: ## \]\])?`")
_LISTED = re.compile(r"^(?:\[\d+\] )?(?:«««\n    (?P<lines>(?:.|\n)*?)\n»»»|«(?P<line>.*)»)$", re.MULTILINE)
_NONE = ("", "none", "null", "n/a")

_QUESTION = ("question", "stem", "query")
_OPTIONS = ("options", "choices", "answer_choices")
_CONTEXT = ("context", "passage", "passages")


def parse_dspy_prompt(text: str) -> tuple[dict[str, Any], ReplyFormat] | None:
    """Return the record of the question in a DSPy prompt and the form of its reply; None for another text.

    The signature has an input field `question` and one for the options: `options`, or lettered options inside the
    question, in which case the record has no `options`. Other input fields become context.

    Raises:
        UserError: The options are JSON with a letter twice.

    Example:
        >>> text = '[[ ## question ## ]]\\nWhich?\\n\\n[[ ## options ## ]]\\n{"A": "x", "B": "y"}'
        >>> parse_dspy_prompt(text)[0]
        {'context': [], 'question': 'Which?', 'options': {'A': 'x', 'B': 'y'}}
    """
    closing = _CLOSING.search(text)
    fields = _fields(text if closing is None else text[: closing.start()])
    question = _take(fields, _QUESTION)
    if question is None:
        return None
    options = _take(fields, _OPTIONS)
    listed, lower_case = (None, False) if options is None else _options(options)
    context = _texts(_take(fields, _CONTEXT) or "")
    context += [f"{name}: {value}" for name, value in fields.items() if value.lower() not in _NONE]
    record = {"context": context, "question": question, **({} if listed is None else {"options": listed})}
    if closing is None:
        return record, ReplyFormat(lower_case=lower_case)
    names = _FIELD.findall(closing["fields"] or closing["json"])
    reply = ReplyFormat(
        fields=[name for name in names if name != "completed"], json=bool(closing["json"]), lower_case=lower_case
    )
    return record, reply


def asks_for_json(text: str) -> bool:
    """Return True if the text is a prompt of `JSONAdapter`.

    Example:
        >>> asks_for_json("Which?\\n\\nRespond with a JSON object in the following order of fields: `answer`.")
        True
    """
    closing = _CLOSING.search(text)
    return closing is not None and closing["json"] is not None


def _fields(text: str) -> dict[str, str]:
    """Return the fields of a prompt by name, without those of completed examples."""
    text = text[text.rfind("[[ ## completed ## ]]") + 1 :]
    headers = list(_HEADER.finditer(text))
    ends = [*(header.start() for header in headers[1:]), len(text)]
    return {header[1]: text[header.end() : end].strip() for header, end in zip(headers, ends, strict=False)}


def _take(fields: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((fields.pop(name) for name in names if name in fields), None)


def _options(text: str) -> tuple[object, bool]:
    """Return the options as JSON holds them, and whether their letters are in lower case."""
    value = _json(text)
    if isinstance(value, list):
        return value, False
    if isinstance(value, Mapping):
        lower_case = bool(value) and all(str(letter).islower() for letter in value)
        return ({letter.upper(): each for letter, each in value.items()} if lower_case else value), lower_case
    found = find_options("\n" + text)
    if found is not None:
        return found.options, found.first_mark.islower()
    return _listed(text) or value, False


def _texts(text: str) -> list[str]:
    if text.lower() in _NONE:
        return []
    value = _json(text)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return [each for each in value if each.strip()]
    return _listed(text) or [text]


def _listed(text: str) -> list[str]:
    """Return the texts of a list that DSPy writes for a field of type `str`: "[1] «…»", …"""
    return [
        found["line"] if found["lines"] is None else found["lines"].replace("\n    ", "\n")
        for found in _LISTED.finditer(text)
    ]


def _json(text: str) -> object:
    try:
        return load_json(text)
    except DuplicateKeyError as error:
        raise UserError(f"{error} in the options of the request. Give each letter once.") from None
    except (json.JSONDecodeError, ValueError, RecursionError):
        return text
