"""Lines of a file of completions, each checked alone and against the other lines of its question."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from openmedlm.data.jsonl import jsonl_records
from openmedlm.utils.errors import UserError

_LETTER = re.compile(r"[A-Z]")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """Answer, or answers, of one system to one question.

    Attributes:
        where: `FILE:ROW`, for error messages.
        model: Name of the model; empty if the line has none.
        qid: Id of the question.
        gold: Letter of the correct option.
        completion: Text of the model; None if the letters are parsed already.
        letters: Parsed letters, None for a sample without one; empty if there is a completion.
        options: Option texts by letter; None if the line has none.
        sample: Index of the line among the samples of its question; None if it has none.
        method: Sampling method; samples of two methods may share an index.
        benchmark: Name of the benchmark; None if the line has none.
    """

    where: str
    model: str
    qid: str
    gold: str
    completion: str | None = None
    letters: tuple[str | None, ...] = ()
    options: Mapping[str, str] | None = None
    sample: int | str | None = None
    method: str | None = None
    benchmark: str | None = None


def read_completions(path: Path) -> tuple[AnswerLine, ...]:
    """Read the lines of a JSONL file, in the order of the file.

    A line is `{"qid", "gold", "completion"}` or `{"qid", "gold", "letters": […]}`. It may have `options`, `sample`,
    `model`, `method` and `benchmark`; other keys are ignored. The file is UTF-8, with or without a byte-order mark;
    blank lines are skipped. Lines with the same qid, benchmark and model are samples of one question. They must
    have the same gold letter and options, be all completions or all letters, and not repeat a sample index of a method.

    Raises:
        UserError: The file cannot be read or has no line, or a line is invalid; the message names row and fix.
    """
    try:
        lines = tuple(_checked(record, f"{path}:{row}") for row, record in jsonl_records(path))
    except FileNotFoundError:
        raise UserError(f"no such file: {path}. Check the name.") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}. Check the file and its permissions.") from None
    if not lines:
        raise UserError(
            f'no line in {path}. Write lines {{"qid", "gold", "completion"}} or {{"qid", "gold", "letters"}}.'
        )
    _check_agreement(lines)
    return lines


def _checked(record: object, where: str) -> AnswerLine:
    if not isinstance(record, Mapping):
        _refuse(where, "not a JSON object. Write one object per line.")
    qid = record.get("qid")
    if not isinstance(qid, str) or not qid.strip():
        _refuse(where, '"qid" is missing or not a string. Add the id of the question.')
    options = _options(record.get("options"), where)
    gold = record.get("gold")
    if not isinstance(gold, str) or not _LETTER.fullmatch(gold):
        _refuse(where, '"gold" is missing or not a capital letter. Add the letter of the correct option.')
    if options is not None and gold not in options:
        _refuse(where, f'the gold letter "{gold}" is not among the options {", ".join(options)}. Correct one of them.')
    completion, letters = record.get("completion"), record.get("letters")
    if (completion is None) == (letters is None):
        _refuse(where, 'a line needs either "completion" or "letters". Give one of the two.')
    if completion is not None and not isinstance(completion, str):
        _refuse(where, '"completion" is not a string. Write the text of the model.')
    line = AnswerLine(
        where=where,
        model=_name(record, "model", where) or "",
        qid=qid,
        gold=gold,
        completion=completion and _SURROGATE.sub("\ufffd", completion),
        letters=_letters(letters, options, where),
        options=options,
        sample=_sample(record.get("sample"), where),
        method=_name(record, "method", where),
        benchmark=_name(record, "benchmark", where),
    )
    named = (line.qid, line.model, line.benchmark, line.method, line.sample, *(options or {}).values())
    if any(_SURROGATE.search(text) for text in named if isinstance(text, str)):
        _refuse(where, "a lone surrogate in a string. Write the character itself.")
    return line


def _options(value: object, where: str) -> dict[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or not value:
        _refuse(where, '"options" is not an object. Write {"A": …, "B": …} or remove it.')
    for letter, text in value.items():
        if not _LETTER.fullmatch(letter) or not isinstance(text, str):
            _refuse(where, f'the option "{letter}" is not a capital letter with a string. Write {{"A": …, "B": …}}.')
    return dict(value)


def _letters(value: object, options: Mapping[str, str] | None, where: str) -> tuple[str | None, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        _refuse(where, '"letters" is not a list. Write one letter per sample, such as ["A", "C", null].')
    for letter in value:
        if letter is not None and not (isinstance(letter, str) and _LETTER.fullmatch(letter)):
            _refuse(
                where, f'{json.dumps(letter)} in "letters" is not a capital letter. Write null for an unparsed sample.'
            )
        if options is not None and letter is not None and letter not in options:
            _refuse(
                where,
                f'the letter "{letter}" is not among the options {", ".join(options)}. Write null or add the option.',
            )
    return tuple(value)


def _sample(value: object, where: str) -> int | str | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | str)):
        _refuse(where, '"sample" is neither an integer nor a string. Number the samples from 0 or remove it.')
    return value


def _name(record: Mapping[str, object], key: str, where: str) -> str | None:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        _refuse(where, f'"{key}" is not a string. Write it in quotes or remove it.')
    return value if value and value.strip() else None


def _check_agreement(lines: Iterable[AnswerLine]) -> None:
    first: dict[tuple[str, str | None, str], AnswerLine] = {}
    samples: dict[tuple[str, str | None, str, str | None, int | str], AnswerLine] = {}
    for line in lines:
        question = line.model, line.benchmark, line.qid
        other = first.setdefault(question, line)
        row = other.where.rpartition(":")[2]
        if line.gold != other.gold:
            _refuse(
                line.where, f"the gold letter of {line.qid} is {line.gold}, but {other.gold} in row {row}. Correct one."
            )
        if line.options != other.options:
            _refuse(line.where, f"the options of {line.qid} differ from row {row}. Make them equal.")
        if (line.completion is None) != (other.completion is None):
            _refuse(
                line.where, f'row {row} has the other of "completion" and "letters" for {line.qid}. Use one of them.'
            )
        if line.sample is not None:
            duplicate = samples.setdefault((*question, line.method, line.sample), line)
            if duplicate is not line:
                row = duplicate.where.rpartition(":")[2]
                _refuse(line.where, f"sample {line.sample} of {line.qid} is in row {row} too. Remove or renumber one.")


def _refuse(where: str, problem: str) -> NoReturn:
    raise UserError(f"{where}: {problem}")
