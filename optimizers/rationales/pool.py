"""What a teacher made of a benchmark's pool questions, as a file."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from openmedlm.data import Question, UserError, to_record
from openmedlm.programs.exemplar import Exemplar
from openmedlm.programs.option_order import reorder
from openmedlm.utils.atomic import write_atomically
from openmedlm.utils.locks import locked


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class RationaleRecord:
    """What a teacher made of one pool question.

    Attributes:
        question: its id.
        question_sha256: over its record, without the split: a rationale belongs to the question as it was then.
        teacher: who was asked: a model string, without the address at which it was reached.
        letters: what each round came to, in the question's own lettering; None where a completion could not be read.
        rationale: the reasoning of the last round, without its closing; None where no round came right.
        order: the order in which that round showed the options (see `option_orders`); the rationale's letters are
            those of that order.
        prompt_tokens, completion_tokens, cost_usd: over all rounds; a cost that is not known is None.
        prompt_sha256: of the prompt that the rationale answers, as canonical JSON.
        key: of that completion in the vote store.
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


_LINE = TypeAdapter(RationaleRecord)


@dataclass(frozen=True)
class RationalePool:
    """The verified rationales of one teacher for one benchmark, and the questions that never came right."""

    records: tuple[RationaleRecord, ...] = ()

    @cached_property
    def _by_question(self) -> Mapping[tuple[str, str], RationaleRecord]:
        return {(records.question, records.question_sha256): records for records in self.records}

    def of(self, question: Question) -> RationaleRecord | None:
        """What is known of the question; None where it was never asked, or was another question then."""
        return self._by_question.get((question.id, question_sha256(question)))

    def check_teacher(self, teacher: str, file: Path) -> None:
        """Refuses a teacher who is not the one that the pool has already, since no report could tell them apart.

        Raises:
            UserError: it is another one.
        """
        others = {records.teacher for records in self.records} - {teacher}
        if others:
            raise UserError(f"{file}: holds rationales of {min(others)}, not of {teacher}; name another file with -o")

    def has_rationales(self, questions: Iterable[Question]) -> bool:
        """Whether any of the questions has a verified rationale here."""
        return any(
            (records := self.of(question)) is not None and records.rationale is not None for question in questions
        )

    def exemplar(self, question: Question) -> Exemplar:
        """The question, with its verified rationale and in the order that its teacher saw where there is one.

        Raises:
            UserError: the order is not one of the question's options.
        """
        records = self.of(question)
        if records is None or records.rationale is None or records.order is None:
            return Exemplar(question)
        if sorted(records.order) != sorted(question.options):
            raise UserError(
                f"{question.id}: its rationale belongs to options {records.order!r}, and it has "
                f"{', '.join(question.options)}; take its line out of the rationale pool, and build the pool again"
            )
        return Exemplar(reorder(question, records.order), records.rationale, records.teacher)

    def with_news(self, news: Iterable[RationaleRecord]) -> "RationalePool":
        """The pool with what was learnt since: nothing is given up, neither a verified rationale nor a round.

        Questions are told apart by their content, not by their ids alone, which two data sets may share.
        """
        known = dict(self._by_question)
        for records in news:
            key = (records.question, records.question_sha256)
            old = known.get(key)
            if old is None or (old.rationale is None and _knows_more(records, old)):
                known[key] = records
        return RationalePool(tuple(known[key] for key in sorted(known)))


def _knows_more(records: RationaleRecord, old: RationaleRecord) -> bool:
    return records.rationale is not None or len(records.letters) > len(old.letters)


def question_sha256(question: Question) -> str:
    """Names a pool question by its content, whatever the split is called."""
    record = {name: value for name, value in to_record(question).items() if name != "split"}
    return hashlib.sha256(orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).hexdigest()


def read_pool(file: Path) -> RationalePool:
    """The pool in a file; an empty one where there is none.

    Raises:
        UserError: the file is not such a pool.
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
        raise UserError(f"{file}: {error.strerror}; name a readable rationale pool") from error
    except ValidationError as error:
        raise UserError(f"{file}:{row}: not a line of a rationale pool; build it with: openmedlm pool") from error
    return RationalePool(tuple(records))


def add_to_pool(file: Path, news: Sequence[RationaleRecord]) -> RationalePool:
    """Adds to the pool in a file, which is the old one or the new one whatever happens; commands take turns.

    Raises:
        UserError: the file can't be written, is not such a pool, or is another teacher's.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with locked(file.with_name(f".{file.name}.lock")):
            pool = read_pool(file)
            for teacher in sorted({records.teacher for records in news}):
                pool.check_teacher(teacher, file)
            pool = pool.with_news(news)
            if news:
                write_atomically(file, (orjson.dumps(asdict(records)) + b"\n" for records in pool.records))
    except OSError as error:
        raise UserError(f"{file}: {error.strerror}; name a file that can be written with -o") from error
    return pool
