"""Parser of the multiple-choice question in a request: a JSON record, the fields of a DSPy prompt, or free text."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import dropwhile, takewhile
from typing import Any

import orjson

from openmedlm.data import Question, UserError, question_from_record
from openmedlm.serving.dspy_prompt import parse_dspy_prompt
from openmedlm.serving.lettered_options import FORMAT, find_options, first_letters
from openmedlm.serving.reply import ReplyFormat, reply_format
from openmedlm.utils.strict_json import DuplicateKeyError, load_json

_ANSWER = re.compile(
    r"\s*(?:(?:so|therefore|thus|hence)\b,?\s*)?(?:(?:the|my|final|correct|best)\s)*answer\b(?:\sis\b)?\W*[A-Z]\b.*",
    re.IGNORECASE,
)
_FOREIGN_ANSWER = re.compile(
    r"\s*(?:antwort|respuesta|réponse|risposta|resposta|ответ|答案|回答|答え|정답|답)\s*[:：]\W*[A-Za-z]\b.*",
    re.IGNORECASE,
)
_LABEL = "question|frage|pregunta|pergunta|domanda|vraag|вопрос|问题|問題|質問|질문|문제"
_QUESTION_MARK = re.compile(rf"\s*(?:what is the correct answer to this )?(?:{_LABEL})\s*[:：]\s*", re.IGNORECASE)
_PARAGRAPH_MARK = re.compile(r"\s*(?:question|q)\s*\d*\s*[:.]\s*", re.IGNORECASE)
_FORMAT_INSTRUCTION = re.compile(
    r"(?:please )?answer the following (?:[\w-]+ ){0,3}multiple[- ]choice question\b.*", re.IGNORECASE
)
_FORMAT_END = re.compile(
    r".*(?:of your (?:response|answer|reply) (?:should|must)|\(without quotes\)|\$(?:LETTERS?|ANSWER)\b|\[letter\]).*",
    re.IGNORECASE,
)
"""First and last line of the instruction of inspect_ai and simple-evals, after which all is stem up to the options."""

_INSTRUCTION = re.compile(
    r"the following (?:is|are) (?:a )?multiple[- ]choice questions?.*"
    r"|(?:please )?answer the following multiple[- ]choice questions?(?: where multiple answers may be correct)?[.:]?"
    r"|give a letter answer among .*"
    r"|given the following question and (?:\w+ )?candidate answers\b.*"
    r"|answer A for .*"
    r"|answer A, ?B\b.* according to the answer to this multiple[- ]choice question\W*"
    r"|answer the multiple-choice question from a medical examination\. Exactly one option is right\..*"
    r'|.* (?:reply with the letter of that option only|end with a line "answer: " and the letter of that option): .*',
    re.IGNORECASE,
)
"""Instructions of lm-eval, lighteval, HELM and our own templates, each on a line of its own."""

_LIST_HEADING = re.compile(r"\s*(?:(?:answer|possible) )?(?:options|choices|answers)\s*:\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """Question of a request, and the form of the reply that it asks for."""

    question: Question
    reply: ReplyFormat


def parse_question(text: str) -> Question:
    """Parse the last question in a text: its context, stem and lettered options.

    The text may also be a JSON record, the same that `ask` reads from stdin, or a prompt of a DSPy module. A prompt of
    the package's own templates gives the question that it was rendered from.

    Raises:
        UserError: The text has no lettered options, or the record is invalid.

    Example:
        >>> parse_question("Which vitamin prevents scurvy?\\nA. vitamin C\\nB. vitamin D").options
        {'A': 'vitamin C', 'B': 'vitamin D'}
    """
    return parse_request(text).question


def parse_request(text: str) -> ParsedRequest:
    """Parse the question as `parse_question` does, and the form of the reply that the text asks for.

    Raises:
        UserError: The text has no lettered options, or the record is invalid.

    Example:
        >>> text = "Which organ pumps?\\nA. heart\\nB. liver\\nThe last line is 'ANSWER: $LETTER'."
        >>> parse_request(text).reply.phrase
        'ANSWER: '
    """
    record = _json_record(text)
    reply = ReplyFormat()
    if record is None:
        record, reply = parse_dspy_prompt(text) or (None, reply)
    if record is None:
        record, reply = _free_text(text)
    elif "options" not in record and record.get("question"):
        free, lettered = _free_text(str(record["question"]))
        record = {**record, **free, "context": [*(record.get("context") or []), *(free["context"] or [])]}
        reply = replace(reply, lower_case=lettered.lower_case)
    record = {"answer": "A", **record, "id": f"served-{_digest(record)}"}
    return ParsedRequest(question_from_record(record, "the request", "served", "test"), reply)


def _digest(record: dict[str, Any]) -> str:
    try:
        content = orjson.dumps(record)
    except TypeError:  # half of a surrogate pair, or a number above 64 bits
        content = json.dumps(record).encode()
    return hashlib.sha256(content).hexdigest()[:16]


def _json_record(text: str) -> dict[str, Any] | None:
    """Return the JSON object that the text is; None for another text."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        record: dict[str, Any] = load_json(text)
    except DuplicateKeyError as error:
        raise UserError(f"{error} of the request. Give each key once.") from None
    except (ValueError, RecursionError):
        return None
    if record.get("answer") is None:  # clients send null when they do not know it
        record.pop("answer", None)
    return record


def _free_text(text: str) -> tuple[dict[str, Any], ReplyFormat]:
    found = find_options(text)
    context, stem = _stem(found.before.split("\n")) if found is not None else (None, "")
    if found is None or not stem:
        raise UserError(f"no question with lettered options in the request. {FORMAT}")
    record = {"question": stem, "options": found.options, "context": context}
    return record, reply_format(text, found.first_mark)


def _stem(lines: Sequence[str]) -> tuple[list[str] | None, str]:
    """Split the lines before the options into context paragraphs (None if there are none) and the stem."""
    text = "\n".join(lines).rstrip().split("\n")
    if _LIST_HEADING.fullmatch(text[-1]):
        text.pop()
    end = _format_end(text)
    if end:
        stem = "\n".join(text[end:]).lstrip()
        mark = _QUESTION_MARK.match(stem)
        return None, stem[mark.end() if mark else 0 :].strip()
    text = _without_instructions(text[_examples_end(text) :])
    for number in range(len(text)):
        mark = _question_mark(text, number)
        if mark is not None:
            stem = "\n".join([text[number][mark.end() :], *text[number + 1 :]])
            before = (line.strip() for line in text[:number])
            return [line for line in before if line and not _INSTRUCTION.fullmatch(line)] or None, stem.strip()
    return None, "\n".join(text).strip()


def _format_end(lines: Sequence[str]) -> int:
    """Return the number of the line after the last instruction that has the form of the answer; 0 if there is none."""
    start = next((n for n in reversed(range(len(lines))) if _FORMAT_INSTRUCTION.fullmatch(lines[n].strip())), None)
    if start is None:
        return 0
    paragraph = takewhile(lambda number: lines[number].strip(), range(start, len(lines)))
    return max((number + 1 for number in paragraph if _FORMAT_END.fullmatch(lines[number].strip())), default=0)


def _without_instructions(lines: list[str]) -> list[str]:
    """Return the lines without the blank lines and instructions before the others."""
    return list(dropwhile(lambda line: not line.strip() or _INSTRUCTION.fullmatch(line.strip()), lines))


def _question_mark(lines: Sequence[str], number: int) -> re.Match[str] | None:
    """Match the label, such as `Question:`, with which the line starts a question."""
    starts_paragraph = number == 0 or not lines[number - 1].strip()
    return _QUESTION_MARK.match(lines[number]) or (_PARAGRAPH_MARK.match(lines[number]) if starts_paragraph else None)


def _examples_end(lines: Sequence[str]) -> int:
    """Return the number of the line after the last few-shot example.

    An example ends after the answer that follows its options, or before the label of the next question.
    """
    end, marked, options = 0, False, ""
    for number, line in enumerate(lines):
        letters = first_letters(line)
        if options == "AB" and (_ANSWER.fullmatch(line) or _FOREIGN_ANSWER.fullmatch(line)):
            end, marked, options = number + 1, False, ""
        elif _question_mark(lines, number) is not None:
            end, marked, options = (number if marked and options == "AB" else end), True, ""
        elif letters and options + letters in ("A", "AB"):
            options += letters
    return end
