"""Parser of the multiple-choice question in an OpenAI request."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from itertools import dropwhile, takewhile
from typing import Any

import orjson

from openmedlm.data import Question, UserError, question_from_record

_OPTION = re.compile(r"\s*[(\[]?([A-Z])[)\].:]\s+(\S.*)")
_LETTER_MARK = re.compile(r"\s*[(\[]?([A-Z])[)\].:](?![A-Za-z]\.)")
_CONTINUATION = re.compile(r"\s.*\S.*|[\"”’')\].]+\s*")
"""Lines that continue the last option: indented lines, and lines of closing quotes or brackets only."""

_ANSWER = re.compile(
    r"\s*(?:(?:so|therefore|thus|hence)\b,?\s*)?(?:(?:the|my|final|correct|best)\s)*answer\b(?:\sis\b)?\W*[A-Z]\b.*",
    re.IGNORECASE,
)
_QUESTION_MARK = re.compile(r"\s*Question:\s*", re.IGNORECASE)
_PARAGRAPH_MARK = re.compile(r"\s*(?:question|q)\s*\d*\s*[:.]\s*", re.IGNORECASE)
_PREAMBLE = re.compile(
    r"the following (?:is|are) (?:a )?multiple[- ]choice questions?.*"
    r"|(?:please )?answer the following multiple[- ]choice questions?[.:]?(?: The last line of your response .*)?",
    re.IGNORECASE,
)
_LIST_HEADING = re.compile(r"\s*(?:answer )?(?:options|choices)\s*:\s*", re.IGNORECASE)

_FORMAT = 'Write "Question: …", then one line per option, such as "A. …".'


def request_text(body: Mapping[str, Any]) -> str:
    """Return the text of the last user message, or the prompt.

    Raises:
        UserError: The request has neither, or several prompts.

    Example:
        >>> request_text({"messages": [{"role": "user", "content": "Which?"}]})
        'Which?'
    """
    if "prompt" in body:
        prompt = body["prompt"]
        if isinstance(prompt, list) and len(prompt) == 1:
            prompt = prompt[0]
        if isinstance(prompt, str):
            return prompt
        raise UserError("the prompt is not a single text. Send one prompt per request.")
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise UserError("messages is not a list of messages. Send messages or a prompt.")
    for message in reversed(messages):
        if message.get("role") == "user":
            return _text(message.get("content"))
    raise UserError("no user message in messages. Send the question as a user message.")


def parse_question(text: str) -> Question:
    """Parse the last question in a text: its context, stem and lettered options.

    The text may also be a JSON record, the same that `ask` reads from stdin. A prompt of the package's own templates
    gives the question that it was rendered from.

    Raises:
        UserError: The text has no lettered options, or the record is invalid.

    Example:
        >>> parse_question("Which vitamin prevents scurvy?\\nA. vitamin C\\nB. vitamin D").options
        {'A': 'vitamin C', 'B': 'vitamin D'}
    """
    record: dict[str, Any] | None = None
    if text.lstrip().startswith("{"):
        try:
            record = orjson.loads(text)
        except orjson.JSONDecodeError:
            record = None
    if record is None:
        record = _record(text.splitlines())
    elif record.get("answer") is None:  # clients send null when they do not know it
        record.pop("answer", None)
    digest = hashlib.sha256(orjson.dumps(record)).hexdigest()[:16]
    return question_from_record({"answer": "A", **record, "id": f"served-{digest}"}, "the request", "served", "test")


def _record(lines: Sequence[str]) -> dict[str, Any]:
    """Return stem, options and context of the last block of options that has a stem."""
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
    raise UserError(f"no question with lettered options in the request. {_FORMAT}")


def _options(lines: Sequence[str]) -> dict[str, str]:
    """Return the options that start at the first line.

    A line between two options continues the first of them. After the last option only lines that cannot be an
    instruction continue it (`_CONTINUATION`).

    Raises:
        UserError: An option is missing, duplicated or not parsable.
    """
    options: dict[str, list[str]] = {}
    pending: list[str] = []  # lines since the last option
    spaced = apart = missing = False  # blank lines between options; one since the last option; an option was skipped
    for line in lines:
        expected = chr(ord("A") + len(options))
        option = _OPTION.fullmatch(line)
        if option is not None and option[1] == expected:
            if options:
                options[_before(expected)] += pending
            options[expected], pending = [option[2]], []
            spaced, apart, missing = spaced or apart, False, False
            continue
        apart = apart or not line.strip()
        mark = _LETTER_MARK.match(line)
        if mark is not None and len(options) > 1 and (spaced or not apart):
            if option is not None and option[1] == _before(expected) and expected > "B":
                raise UserError(f"duplicate option {option[1]} in the request. {_FORMAT}")
            missing = missing or expected <= mark[1] <= chr(ord(expected) + 1)
        pending.append(line)
    if missing:
        raise UserError(f"option {expected} of the request is missing or not parsable. {_FORMAT}")
    if options:
        options[max(options)] += takewhile(_CONTINUATION.fullmatch, pending)
    return {letter: "\n".join(_strip_blank_end(parts)) for letter, parts in options.items()}


def _before(letter: str) -> str:
    return chr(ord(letter) - 1)


def _strip_blank_end(lines: list[str]) -> list[str]:
    return lines[: max(number for number, line in enumerate(lines, 1) if line.strip())]


def _stem(lines: Sequence[str]) -> tuple[list[str] | None, str]:
    """Split the lines before the options into context paragraphs (None if there are none) and the stem."""
    text = "\n".join(lines[_examples_end(lines) :]).rstrip().split("\n")
    if text and _LIST_HEADING.fullmatch(text[-1]):
        text.pop()
    text = _strip_blank_start(text)
    if text and _PREAMBLE.fullmatch(text[0].strip()):
        text = _strip_blank_start(text[1:])
    for number in range(len(text)):
        mark = _question_mark(text, number)
        if mark is not None:
            stem = "\n".join([text[number][mark.end() :], *text[number + 1 :]])
            return [paragraph for line in text[:number] if (paragraph := line.strip())] or None, stem.strip()
    return None, "\n".join(text).strip()


def _question_mark(lines: Sequence[str], number: int) -> re.Match[str] | None:
    """Match the label, such as `Question:`, with which the line starts a question."""
    starts_paragraph = number == 0 or not lines[number - 1].strip()
    return _QUESTION_MARK.match(lines[number]) or (_PARAGRAPH_MARK.match(lines[number]) if starts_paragraph else None)


def _strip_blank_start(lines: list[str]) -> list[str]:
    return list(dropwhile(lambda line: not line.strip(), lines))


def _examples_end(lines: Sequence[str]) -> int:
    """Return the number of the line after the last few-shot example.

    An example ends after the answer that follows its options, or before the label of the next question.
    """
    end, marked, options = 0, False, ""
    for number, line in enumerate(lines):
        option = _OPTION.fullmatch(line)
        if options == "AB" and _ANSWER.fullmatch(line):
            end, marked, options = number + 1, False, ""
        elif _question_mark(lines, number) is not None:
            end, marked, options = (number if marked and options == "AB" else end), True, ""
        elif option is not None and len(options) < 2 and option[1] == "AB"[len(options)]:
            options += option[1]
    return end


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(part, dict) and part.get("type") == "text" for part in content):
        return "\n".join(str(part.get("text") or "") for part in content)
    raise UserError("the last user message is not text. Send text.")
