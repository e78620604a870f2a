"""The question in what an application sends to a model."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from data import BadInput, Question, question_from_record

_OPTION = re.compile(r"\s*[(\[]?([A-Z])[)\].:]\s+(\S.*)")
_ANSWERED = re.compile(r"\s*(?:answer|the (?:correct |best )?answer is)\s*:?\s*[(\[]?[A-Z]\b.*", re.IGNORECASE)
_MARK = re.compile(r"\s*(?:question|q)\s*\d*\s*[:.]\s*", re.IGNORECASE)
_PREAMBLE = re.compile(r"the following (?:is|are) (?:a )?multiple[- ]choice questions?.*", re.IGNORECASE)

_HOW = 'write "Question: …", then a line for each option, such as "A. …"'


def asked_in(body: Mapping[str, Any]) -> str:
    """The text that asks: the last user message, or the prompt.

    Raises:
        BadInput: there is none.
    """
    if "prompt" in body:
        prompt = body["prompt"]
        if isinstance(prompt, list) and len(prompt) == 1:
            prompt = prompt[0]
        if isinstance(prompt, str):
            return prompt
        raise BadInput("prompt: not one text; send one prompt a request")
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise BadInput("messages: not a list of messages; send messages, or a prompt")
    for message in reversed(messages):
        if message.get("role") == "user":
            return _text(message.get("content"))
    raise BadInput("messages: none is the user's; the question has to be in one")


def question_in(text: str) -> Question:
    """The question that a text asks, the last of several: its stem, its lettered options, and what stands before it.

    It may also be a JSON record, as `ask` takes it from stdin. Prompts of the product's own templates are read back as
    what they were made from.

    Raises:
        BadInput: no lettered options can be found, or the record is none.
    """
    record: dict[str, Any] | None = None
    if text.lstrip().startswith("{"):
        try:
            record = orjson.loads(text)
        except orjson.JSONDecodeError:
            record = None
    if record is None:
        record = _record(text.splitlines())
    name = hashlib.sha256(orjson.dumps(record)).hexdigest()[:16]
    return question_from_record({"answer": "A", **record, "id": f"served-{name}"}, "the request", "served", "test")


def _record(lines: Sequence[str]) -> dict[str, Any]:
    for start in reversed(range(len(lines))):
        options = _options(lines, start)
        if len(options) > 1:
            context, stem = _stem(lines[:start])
            if stem:
                return {"question": stem, "options": options, "context": context}
    raise BadInput(f"the request asks no question with lettered options; {_HOW}")


def _options(lines: Sequence[str], start: int) -> dict[str, str]:
    """The options that begin at a line, if it is A; a line between two options belongs to the first of them."""
    options: dict[str, str] = {}
    loose: list[str] = []
    for line in lines[start:]:
        due = chr(ord("A") + len(options))
        found = _OPTION.fullmatch(line)
        if found is not None and found[1] == due:
            if loose:
                last = chr(ord(due) - 1)
                options[last] = "\n".join([options[last], *loose])
                loose = []
            options[due] = found[2].rstrip()
        elif not options or len(options) == 26:
            break
        else:
            loose.append(line)
    return options


def _stem(lines: Sequence[str]) -> tuple[list[str] | None, str]:
    """What stands before the options: paragraphs to read, and the question itself."""
    begin = next((n + 1 for n in reversed(range(len(lines))) if _ANSWERED.fullmatch(lines[n])), 0)
    own = list(lines[begin:])
    for number in reversed(range(len(own))):
        mark = _MARK.match(own[number])
        if mark is not None:
            stem = "\n".join([own[number][mark.end() :], *own[number + 1 :]])
            return _paragraphs(own[:number]), stem.strip()
    if own and _PREAMBLE.fullmatch(own[0].strip()):
        own = own[1:]
    return None, "\n".join(own).strip()


def _paragraphs(lines: Sequence[str]) -> list[str] | None:
    kept = [line.strip() for line in lines if line.strip() and not _PREAMBLE.fullmatch(line.strip())]
    return kept or None


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(part, dict) and part.get("type") == "text" for part in content):
        return "\n".join(str(part.get("text") or "") for part in content)
    raise BadInput("messages: the last of the user's is no text; send text")
