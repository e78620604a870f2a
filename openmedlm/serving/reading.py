"""The question in what an application sends to a model."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

import orjson

from data import BadInput, Question, question_from_record

_OPTION = re.compile(r"\s*[(\[]?([A-Z])[)\].:]\s+(\S.*)")
_LETTERED = re.compile(r"\s*[(\[]?([A-Z])[)\].:]")
_ANSWERED = re.compile(r"\s*(?i:answer|the (?:correct |best )?answer is)\s*:?\s*[(\[]?[A-Z](?:[)\].:,].*)?\s*")
_MARK = re.compile(r"\s*Question:\s*")
_FIRST_MARK = re.compile(r"\s*(?:question|q)\s*\d*\s*[:.]\s*", re.IGNORECASE)
_PREAMBLE = re.compile(
    r"(?:the following (?:is|are) (?:a )?|(?:please )?answer the following )multiple[- ]choice questions?.*",
    re.IGNORECASE,
)
_LIST = re.compile(r"\s*(?:answer )?(?:options|choices)\s*:\s*", re.IGNORECASE)
_CUE = re.compile(
    r"\s*(?:(?:a|q|question)\s*\d*\s*:"
    r"|(?:(?:the |your )?(?:answer|response|explanation|reasoning|rationale)|please|respond|reply|choose|select|return"
    r"|output|give|think|explain|let[’']?s|let us|only)\b).*",
    re.IGNORECASE,
)
"""What asks for the answer, after the options."""

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
    elif record.get("answer") is None:  # as applications leave it out
        record.pop("answer", None)
    name = hashlib.sha256(orjson.dumps(record)).hexdigest()[:16]
    return question_from_record({"answer": "A", **record, "id": f"served-{name}"}, "the request", "served", "test")


def _record(lines: Sequence[str]) -> dict[str, Any]:
    end = len(lines)
    for start in reversed(range(len(lines))):
        first = _OPTION.fullmatch(lines[start])
        if first is None or first[1] != "A":
            continue
        options = _options(lines[start:end])
        end = start
        if len(options) > 1:
            context, stem = _stem(lines[:start])
            if stem:
                return {"question": stem, "options": options, "context": context}
    raise BadInput(f"the request asks no question with lettered options; {_HOW}")


def _options(lines: Sequence[str]) -> dict[str, str]:
    """The options that begin with the first line; a line between two belongs to the first of them, and so do lines
    after the last, up to an empty one or one that asks for the answer.

    Raises:
        BadInput: an option is left out, or can't be read.
    """
    options: dict[str, list[str]] = {}
    loose: list[str] = []
    for line in lines:
        due = chr(ord("A") + len(options))
        found = _OPTION.fullmatch(line)
        if found is not None and found[1] == due:
            if loose:
                options[chr(ord(due) - 1)] += loose
                loose = []
            options[due] = [found[2]]
            continue
        lettered = _LETTERED.match(line)
        if lettered is not None and len(options) > 1 and due <= lettered[1] <= chr(ord(due) + 1):
            raise BadInput(f"the request's option {due} can't be read; {_HOW}")
        loose.append(line)
    if options:
        options[chr(ord("A") + len(options) - 1)] += _before_cue(loose)
    return {letter: "\n".join(_without_empty_end(parts)) for letter, parts in options.items()}


def _before_cue(lines: Sequence[str]) -> list[str]:
    return list(takewhile(lambda line: line.strip() and not _CUE.fullmatch(line), lines))


def _without_empty_end(lines: list[str]) -> list[str]:
    return lines[: max(number for number, line in enumerate(lines, 1) if line.strip())]


def _stem(lines: Sequence[str]) -> tuple[list[str] | None, str]:
    """What stands before the options: paragraphs to read, and the question itself."""
    own = list(lines[_after_examples(lines) :])
    if own and _LIST.fullmatch(own[-1]):
        own.pop()
    while own and not own[0].strip():
        own = own[1:]
    if own and _PREAMBLE.fullmatch(own[0].strip()):
        own = own[1:]
        while own and not own[0].strip():
            own = own[1:]
    for number, line in enumerate(own):
        mark = _MARK.match(line) or (_FIRST_MARK.match(line) if number == 0 else None)
        if mark is not None:
            stem = "\n".join([line[mark.end() :], *own[number + 1 :]])
            return [kept for each in own[:number] if (kept := each.strip())] or None, stem.strip()
    return None, "\n".join(own).strip()


def _after_examples(lines: Sequence[str]) -> int:
    """Where the last example ends: with the answer that follows its options."""
    end, optioned = 0, False
    for number, line in enumerate(lines):
        if optioned and _ANSWERED.fullmatch(line):
            end, optioned = number + 1, False
        else:
            optioned = optioned or _OPTION.fullmatch(line) is not None
    return end


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(part, dict) and part.get("type") == "text" for part in content):
        return "\n".join(str(part.get("text") or "") for part in content)
    raise BadInput("messages: the last of the user's is no text; send text")
