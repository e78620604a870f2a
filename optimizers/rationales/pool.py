"""What a teacher made of a benchmark's pool questions, as a file."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from openmedlm.data import BadInput, Question, record_of
from openmedlm.programs.exemplar import Exemplar
from openmedlm.programs.option_order import reorder
from openmedlm.utils.atomic import write_atomically
from openmedlm.utils.locks import locked


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Taught:
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


_LINE = TypeAdapter(Taught)


@dataclass(frozen=True)
class RationalePool:
    """The verified rationales of one teacher for one benchmark, and the questions that never came right."""

    taught: tuple[Taught, ...] = ()

    @cached_property
    def _by_question(self) -> Mapping[tuple[str, str], Taught]:
        return {(taught.question, taught.question_sha256): taught for taught in self.taught}

    def of(self, question: Question) -> Taught | None:
        """What is known of the question; None where it was never asked, or was another question then."""
        return self._by_question.get((question.id, question_sha256(question)))

    def check_teacher(self, teacher: str, file: Path) -> None:
        """Refuses a teacher who is not the one that the pool has already, since no report could tell them apart.

        Raises:
            BadInput: it is another one.
        """
        others = {taught.teacher for taught in self.taught} - {teacher}
        if others:
            raise BadInput(f"{file}: holds rationales of {min(others)}, not of {teacher}; name another file with -o")

    def teaches(self, questions: Iterable[Question]) -> bool:
        """Whether any of the questions has a verified rationale here."""
        return any((taught := self.of(question)) is not None and taught.rationale is not None for question in questions)

    def exemplar(self, question: Question) -> Exemplar:
        """The question, with its verified rationale and in the order that its teacher saw where there is one.

        Raises:
            BadInput: the order is not one of the question's options.
        """
        taught = self.of(question)
        if taught is None or taught.rationale is None or taught.order is None:
            return Exemplar(question)
        if sorted(taught.order) != sorted(question.options):
            raise BadInput(
                f"{question.id}: its rationale belongs to options {taught.order!r}, and it has "
                f"{', '.join(question.options)}; take its line out of the rationale pool, and build the pool again"
            )
        return Exemplar(reorder(question, taught.order), taught.rationale, taught.teacher)

    def with_news(self, news: Iterable[Taught]) -> "RationalePool":
        """The pool with what was learnt since: nothing is given up, neither a verified rationale nor a round.

        Questions are told apart by their content, not by their ids alone, which two data sets may share.
        """
        known = dict(self._by_question)
        for taught in news:
            key = (taught.question, taught.question_sha256)
            old = known.get(key)
            if old is None or (old.rationale is None and _knows_more(taught, old)):
                known[key] = taught
        return RationalePool(tuple(known[key] for key in sorted(known)))


def _knows_more(taught: Taught, old: Taught) -> bool:
    return taught.rationale is not None or len(taught.letters) > len(old.letters)


def question_sha256(question: Question) -> str:
    """Names a pool question by its content, whatever the split is called."""
    record = {name: value for name, value in record_of(question).items() if name != "split"}
    return hashlib.sha256(orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).hexdigest()


def read_pool(file: Path) -> RationalePool:
    """The pool in a file; an empty one where there is none.

    Raises:
        BadInput: the file is not such a pool.
    """
    taught = []
    row = 0
    try:
        with file.open("rb") as lines:
            for line in lines:
                row += 1
                taught.append(_LINE.validate_json(line, strict=True))
    except FileNotFoundError:
        return RationalePool()
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror}; name a readable rationale pool") from error
    except ValidationError as error:
        raise BadInput(f"{file}:{row}: not a line of a rationale pool; build it with: openmedlm pool") from error
    return RationalePool(tuple(taught))


def add_to_pool(file: Path, news: Sequence[Taught]) -> RationalePool:
    """Adds to the pool in a file, which is the old one or the new one whatever happens; commands take turns.

    Raises:
        BadInput: the file can't be written, is not such a pool, or is another teacher's.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with locked(file.with_name(f".{file.name}.lock")):
            pool = read_pool(file)
            for teacher in sorted({taught.teacher for taught in news}):
                pool.check_teacher(teacher, file)
            pool = pool.with_news(news)
            if news:
                write_atomically(file, (orjson.dumps(asdict(taught)) + b"\n" for taught in pool.taught))
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror}; name a file that can be written with -o") from error
    return pool
