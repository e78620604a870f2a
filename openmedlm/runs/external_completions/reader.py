"""The lines of a file of completions, each checked, and checked against the others of its question."""

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
    """What one system gave as its answer, or answers, to one question.

    Attributes:
        where: `FILE:ROW`, for messages.
        model: who wrote it; empty where the line does not say.
        qid: the question's id.
        gold: its gold letter.
        completion: the text as the model wrote it; None where the letters were already read.
        letters: the letters already read, None for a sample without one; empty where there is a completion.
        options: letter to text, where the line has them.
        sample: the line's own index among the samples of its question; None where it has none.
        method: what sampled it, where the line says: samples of two methods may share an index.
        benchmark: the line's benchmark, where it names one.
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
    """The lines of a JSONL file, in the order of the file.

    A line is `{"qid", "gold", "completion"}` or `{"qid", "gold", "letters": […]}`, with `options`, `sample`, `model`,
    `method` and `benchmark` if the writer likes; any other key is ignored. The file is UTF-8, with or without a
    byte-order mark; blank lines are skipped. Lines that share a qid, a benchmark and a model are samples of one
    question: they must agree on its gold letter and options, be all completions or all letters, and not repeat a sample
    index of a method.

    Raises:
        UserError: the file cannot be read or holds no line, or a line is wrong; the message names the row and the mend.
    """
    try:
        lines = tuple(_checked(record, f"{path}:{row}") for row, record in jsonl_records(path))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check the name") from None
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror or error}); check what it is and who may read it"
        ) from None
    if not lines:
        raise UserError(f'{path}: holds no line; write {{"qid", "gold", "completion"}} or {{"qid", "gold", "letters"}}')
    _check_agreement(lines)
    return lines


def _checked(record: object, where: str) -> AnswerLine:
    if not isinstance(record, Mapping):
        _refuse(where, "not a JSON object; write one object a line")
    qid = record.get("qid")
    if not isinstance(qid, str) or not qid.strip():
        _refuse(where, '"qid" is missing or no text; add the id of the question in quotes')
    options = _options(record.get("options"), where)
    gold = record.get("gold")
    if not isinstance(gold, str) or not _LETTER.fullmatch(gold):
        _refuse(where, '"gold" is missing or no capital letter; add the letter of the right option')
    if options is not None and gold not in options:
        _refuse(where, f'the gold letter "{gold}" is not among the options {", ".join(options)}; correct one of them')
    completion, letters = record.get("completion"), record.get("letters")
    if (completion is None) == (letters is None):
        _refuse(where, 'a line has either "completion" or "letters"; give one of the two')
    if completion is not None and not isinstance(completion, str):
        _refuse(where, '"completion" is no text; write what the model wrote in quotes')
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
        _refuse(where, "a text holds half of a surrogate pair, which is no character; write the character itself")
    return line


def _options(value: object, where: str) -> dict[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or not value:
        _refuse(where, '"options" is no object; write {"A": …, "B": …} or leave it out')
    for letter, text in value.items():
        if not _LETTER.fullmatch(letter) or not isinstance(text, str):
            _refuse(where, f'the option "{letter}" is no capital letter with a text; write {{"A": …, "B": …}}')
    return dict(value)


def _letters(value: object, options: Mapping[str, str] | None, where: str) -> tuple[str | None, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        _refuse(where, '"letters" is no list; write one letter for each sample, such as ["A", "C", null]')
    for letter in value:
        if letter is not None and not (isinstance(letter, str) and _LETTER.fullmatch(letter)):
            _refuse(
                where, f'{json.dumps(letter)} in "letters" is no capital letter; write null for an unreadable sample'
            )
        if options is not None and letter is not None and letter not in options:
            _refuse(where, f'the letter "{letter}" is not among the options {", ".join(options)}; write null or add it')
    return tuple(value)


def _sample(value: object, where: str) -> int | str | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | str)):
        _refuse(where, '"sample" is neither a whole number nor a text; number the samples from 0 or leave it out')
    return value


def _name(record: Mapping[str, object], key: str, where: str) -> str | None:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        _refuse(where, f'"{key}" is no text; write it in quotes or leave it out')
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
                line.where, f"the gold letter of {line.qid} is {line.gold}, but {other.gold} in row {row}; correct one"
            )
        if line.options != other.options:
            _refuse(line.where, f"the options of {line.qid} are not those of row {row}; give both the same")
        if (line.completion is None) != (other.completion is None):
            _refuse(
                line.where, f'row {row} has the other of "completion" and "letters" for {line.qid}; use one of them'
            )
        if line.sample is not None:
            twin = samples.setdefault((*question, line.method, line.sample), line)
            if twin is not line:
                row = twin.where.rpartition(":")[2]
                _refuse(line.where, f"sample {line.sample} of {line.qid} stands in row {row} too; drop or renumber one")


def _refuse(where: str, problem: str) -> NoReturn:
    raise UserError(f"{where}: {problem}")
