"""Rationale pool of one teacher and one benchmark, as a JSONL file."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from openmedlm.data import Question, UserError, to_record
from openmedlm.optimizers.rationales.extract import RationaleSource, Rejection
from openmedlm.programs.exemplar import Exemplar
from openmedlm.programs.option_order import reorder
from openmedlm.utils.atomic import write_atomically
from openmedlm.utils.locks import locked


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class RationaleRecord:
    """Result of asking a teacher about one pool question.

    Attributes:
        question: Id of the question.
        question_sha256: Hash of its record without the split; a rationale belongs to that version of the question.
        teacher: Model string of the teacher, without its address.
        letters: Letter of each round, in the question's own lettering; None for an unparsed completion.
        rationale: Reasoning of the last round without its closing sentence; None if no round was correct.
        order: Order in which that round showed the options (see `option_orders`). The rationale's letters follow it.
        prompt_tokens, completion_tokens, cost_usd: Sums over all rounds; None for an unknown cost.
        prompt_sha256: Hash of the prompt that the rationale answers, as canonical JSON.
        key: Key of that completion in the completion cache.
        source: Part of that completion: its visible answer, or its thoughts.
        rejections: Reason for each round without a rationale; empty in files of earlier releases.
    """

    question: str
    question_sha256: str
    teacher: str
    letters: tuple[str | None, ...]
    rationale: str | None = None
    order: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = 0.0
    prompt_sha256: str | None = None
    key: str | None = None
    source: RationaleSource = "answer"
    rejections: tuple[Rejection, ...] = ()


_LINE = TypeAdapter(RationaleRecord)


@dataclass(frozen=True)
class RationalePool:
    """Records of one teacher for one benchmark: verified rationales, and questions without a correct one."""

    records: tuple[RationaleRecord, ...] = ()

    @cached_property
    def _by_question(self) -> Mapping[tuple[str, str], RationaleRecord]:
        return {(record.question, record.question_sha256): record for record in self.records}

    def get(self, question: Question) -> RationaleRecord | None:
        """Return the record of the question; None if this version of it was never asked."""
        return self._by_question.get((question.id, question_sha256(question)))

    def check_teacher(self, teacher: str, file: Path) -> None:
        """Refuse a second teacher, since no report could distinguish the two.

        Raises:
            UserError: The pool has rationales of another teacher.
        """
        others = {record.teacher for record in self.records} - {teacher}
        if others:
            raise UserError(
                f"another teacher in {file}: it holds rationales of {min(others)}, not of {teacher}. Name another "
                "file with -o."
            )

    def has_rationales(self, questions: Iterable[Question]) -> bool:
        """Return True if any of the questions has a verified rationale here."""
        records = map(self.get, questions)
        return any(record is not None and record.rationale is not None for record in records)

    def exemplar(self, question: Question) -> Exemplar:
        """Return the question, with its verified rationale and the teacher's option order if it has one.

        Raises:
            UserError: The order does not fit the question's options.
        """
        record = self.get(question)
        if record is None or record.rationale is None or record.order is None:
            return Exemplar(question)
        if sorted(record.order) != sorted(question.options):
            raise UserError(
                f"option mismatch in the rationale of {question.id}: {record.order!r} instead of "
                f"{', '.join(question.options)}. Delete its line from the rationale pool, and build the pool again."
            )
        return Exemplar(reorder(question, record.order), record.rationale, record.teacher)

    def merge(self, records: Iterable[RationaleRecord]) -> "RationalePool":
        """Return the pool with newer records merged; a verified rationale or a round is never dropped.

        Questions are distinguished by their content and id, since two data sets may share ids.
        """
        merged = dict(self._by_question)
        for record in records:
            key = (record.question, record.question_sha256)
            old = merged.get(key)
            if old is None or (old.rationale is None and _has_more(record, old)):
                merged[key] = record
        return RationalePool(tuple(merged[key] for key in sorted(merged)))


def _has_more(record: RationaleRecord, old: RationaleRecord) -> bool:
    return record.rationale is not None or len(record.letters) > len(old.letters)


def question_sha256(question: Question) -> str:
    """Return the hash of a question's content, without the name of its split."""
    record = {name: value for name, value in to_record(question).items() if name != "split"}
    return hashlib.sha256(orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).hexdigest()


def read_pool(file: Path) -> RationalePool:
    """Read the pool in a file; a missing file is an empty pool.

    Raises:
        UserError: The file is not a rationale pool.
    """
    records = []
    row = 0
    try:
        with file.open("rb") as lines:
            for line in lines:
                row += 1
                records.append(_LINE.validate_json(line, strict=True))
    except FileNotFoundError:
        return RationalePool()
    except OSError as error:
        raise UserError(f"unreadable rationale pool in {file}: {error.strerror}. Name a readable file.") from error
    except ValidationError as error:
        raise UserError(f"no rationale record in {file}:{row}. Build the pool with openmedlm pool.") from error
    return RationalePool(tuple(records))


def add_to_pool(file: Path, records: Sequence[RationaleRecord]) -> RationalePool:
    """Merge records into the pool in a file, atomically; concurrent commands take turns.

    Raises:
        UserError: The file can't be written, is not a rationale pool, or is another teacher's.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with locked(file.with_name(f".{file.name}.lock")):
            pool = read_pool(file)
            for teacher in sorted({record.teacher for record in records}):
                pool.check_teacher(teacher, file)
            pool = pool.merge(records)
            if records:
                write_atomically(file, (orjson.dumps(asdict(record)) + b"\n" for record in pool.records))
    except OSError as error:
        raise UserError(
            f"rationale pool can't be written in {file}: {error.strerror}. Name a writable file with -o."
        ) from error
    return pool
