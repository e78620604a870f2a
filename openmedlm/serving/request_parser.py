"""The question in what an application sends to a model."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from itertools import dropwhile, takewhile
from typing import Any

import orjson

from openmedlm.data import Question, UserError, question_from_record

_OPTION = re.compile(r"\s*[(\[]?([A-Z])[)\].:]\s+(\S.*)")
_LETTERED = re.compile(r"\s*[(\[]?([A-Z])[)\].:](?![A-Za-z]\.)")
_CLOSED = re.compile(r"\s.*\S.*|[\"”’')\].]+\s*")
"""Lines after the last option that belong to it: those that are set in, and quotation marks that stand alone."""

_ANSWERED = re.compile(
    r"\s*(?:(?:so|therefore|thus|hence)\b,?\s*)?(?:(?:the|my|final|correct|best)\s)*answer\b(?:\sis\b)?\W*[A-Z]\b.*",
    re.IGNORECASE,
)
_MARK = re.compile(r"\s*Question:\s*", re.IGNORECASE)
_PARAGRAPHS_MARK = re.compile(r"\s*(?:question|q)\s*\d*\s*[:.]\s*", re.IGNORECASE)
_PREAMBLE = re.compile(
    r"the following (?:is|are) (?:a )?multiple[- ]choice questions?.*"
    r"|(?:please )?answer the following multiple[- ]choice questions?[.:]?(?: The last line of your response .*)?",
    re.IGNORECASE,
)
_LIST = re.compile(r"\s*(?:answer )?(?:options|choices)\s*:\s*", re.IGNORECASE)

_HOW = 'write "Question: …", then a line for each option, such as "A. …"'


def asked_in(body: Mapping[str, Any]) -> str:
    """The text that asks: the last user message, or the prompt.

    Raises:
        UserError: there is none.
    """
    if "prompt" in body:
        prompt = body["prompt"]
        if isinstance(prompt, list) and len(prompt) == 1:
            prompt = prompt[0]
        if isinstance(prompt, str):
            return prompt
        raise UserError("prompt: not one text; send one prompt a request")
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise UserError("messages: not a list of messages; send messages, or a prompt")
    for message in reversed(messages):
        if message.get("role") == "user":
            return _text(message.get("content"))
    raise UserError("messages: none is the user's; the question has to be in one")


def question_in(text: str) -> Question:
    """The question that a text asks, the last of several: its stem, its lettered options, and what stands before it.

    It may also be a JSON record, as `ask` takes it from stdin. Prompts of the product's own templates are read back as
    what they were made from.

    Raises:
        UserError: no lettered options can be found, or the record is none.
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
    raise UserError(f"the request asks no question with lettered options; {_HOW}")


def _options(lines: Sequence[str]) -> dict[str, str]:
    """The options that begin with the first line; a line between two belongs to the first of them, and after the last
    one only what can't be an instruction (`_CLOSED`).

    Raises:
        UserError: an option is left out, stands twice, or can't be read.
    """
    options: dict[str, list[str]] = {}
    loose: list[str] = []
    spaced = apart = missing = False  # empty lines between options; one since the last; an option that is due
    for line in lines:
        due = chr(ord("A") + len(options))
        found = _OPTION.fullmatch(line)
        if found is not None and found[1] == due:
            if options:
                options[_before(due)] += loose
            options[due], loose = [found[2]], []
            spaced, apart, missing = spaced or apart, False, False
            continue
        apart = apart or not line.strip()
        with_letter_refs = _LETTERED.match(line)
        if with_letter_refs is not None and len(options) > 1 and (spaced or not apart):
            if found is not None and found[1] == _before(due) and due > "B":
                raise UserError(f"the request has two options {found[1]}; {_HOW}")
            missing = missing or due <= with_letter_refs[1] <= chr(ord(due) + 1)
        loose.append(line)
    if missing:
        raise UserError(f"the request's option {due} can't be read; {_HOW}")
    if options:
        options[max(options)] += takewhile(_CLOSED.fullmatch, loose)
    return {letter: "\n".join(_without_empty_end(parts)) for letter, parts in options.items()}


def _before(letter: str) -> str:
    return chr(ord(letter) - 1)


def _without_empty_end(lines: list[str]) -> list[str]:
    return lines[: max(number for number, line in enumerate(lines, 1) if line.strip())]


def _stem(lines: Sequence[str]) -> tuple[list[str] | None, str]:
    """What stands before the options: paragraphs to read, and the question itself."""
    own = "\n".join(lines[_after_examples(lines) :]).rstrip().split("\n")
    if own and _LIST.fullmatch(own[-1]):
        own.pop()
    own = _without_empty_start(own)
    if own and _PREAMBLE.fullmatch(own[0].strip()):
        own = _without_empty_start(own[1:])
    for number in range(len(own)):
        mark = _mark(own, number)
        if mark is not None:
            stem = "\n".join([own[number][mark.end() :], *own[number + 1 :]])
            return [kept for each in own[:number] if (kept := each.strip())] or None, stem.strip()
    return None, "\n".join(own).strip()


def _mark(lines: Sequence[str], number: int) -> re.Match[str] | None:
    """What marks a line as the beginning of a question."""
    first = number == 0 or not lines[number - 1].strip()
    return _MARK.match(lines[number]) or (_PARAGRAPHS_MARK.match(lines[number]) if first else None)


def _without_empty_start(lines: list[str]) -> list[str]:
    return list(dropwhile(lambda line: not line.strip(), lines))


def _after_examples(lines: Sequence[str]) -> int:
    """Where the last example ends: with the answer that follows its options, or where a mark begins another question
    than the marked one that the options belong to."""
    end, marked, options = 0, False, ""
    for number, line in enumerate(lines):
        option = _OPTION.fullmatch(line)
        if options == "AB" and _ANSWERED.fullmatch(line):
            end, marked, options = number + 1, False, ""
        elif _mark(lines, number) is not None:
            end, marked, options = (number if marked and options == "AB" else end), True, ""
        elif option is not None and len(options) < 2 and option[1] == "AB"[len(options)]:
            options += option[1]
    return end


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(part, dict) and part.get("type") == "text" for part in content):
        return "\n".join(str(part.get("text") or "") for part in content)
    raise UserError("messages: the last of the user's is no text; send text")
