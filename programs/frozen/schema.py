"""Schema of `program.json`, the description of a frozen program."""

import hashlib
import re
from collections.abc import Iterator
from string import Formatter
from typing import Annotated, Final, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from openmedlm.programs.registry import SingleStrategy
from openmedlm.programs.retrieval import IndexKind
from openmedlm.programs.retrieval.knn_exemplars import NEAREST_LAST, ExemplarOrder
from openmedlm.programs.sampling_params import SamplingParams
from openmedlm.programs.template import Template

SCHEMA_VERSION: Final = 2
"""Version that is written. Version 1, of release 0.1.0, has only the first five fields of `decode`."""

READ_VERSIONS: Final = (1, 2)

_SHA256 = r"[0-9a-f]{64}"
_OWN_SHA256 = re.compile(rb'(\n  "sha256": ")' + _SHA256.encode() + rb'("\n}\n)\Z')


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Embedding(_Model):
    """Embedder of the exemplars and of the questions.

    Attributes:
        name: Name for `openmedlm.programs.retrieval.find_embedder`.
        fingerprint: Identity of the vectors: equal only for embedders that give equal ones.
        dimension: Length of a vector.
    """

    name: str
    fingerprint: str
    dimension: int = Field(ge=1)


class NoExemplars(_Model):
    """Prompts without exemplars."""

    kind: Literal["none"] = "none"


class Fixed(_Model):
    """All exemplars of `exemplars.parquet`, in its order, in every prompt, except duplicates of the question.

    Attributes:
        count: Number of exemplars.
    """

    kind: Literal["fixed"] = "fixed"
    count: int = Field(ge=1)


class Nearest(_Model):
    """The `k` exemplars of `exemplars.parquet` that are nearest to the question.

    Attributes:
        count: Number of exemplars in the pool.
        k: Number of exemplars in a prompt.
        index: Search method.
        balance: Whether answer letters are spread evenly.
        seed: Seed of the ties in the balancing.
        order: Position of the nearest exemplar: last, next to the question, or first.
        embedder: Embedder of the exemplars and of the questions.
    """

    kind: Literal["nearest"] = "nearest"
    count: int = Field(ge=1)
    k: int = Field(ge=0)
    index: IndexKind
    balance: bool
    seed: int
    order: ExemplarOrder = NEAREST_LAST
    embedder: Embedding


class DataSource(_Model):
    """Source of questions.

    Attributes:
        benchmark, split: Benchmark and split of the questions.
        source: `hub`, `sample` or `files`.
        count: Number of questions.
        sha256: Digest of their records (`openmedlm.data.fingerprint`).
    """

    benchmark: str
    split: str
    source: Literal["hub", "sample", "files"]
    count: int = Field(ge=0)
    sha256: str = Field(pattern=f"^{_SHA256}$")


class CorrectCount(_Model):
    """Number of correct answers among `n`."""

    n: int
    correct: int


_TO_STORED: Final = {"resample": "again", "constrain": "close", "skip": "leave"}
"""Treatment of unparsed answers to its name in `program.json`, which is that of release 0.1.0."""

_FROM_STORED: Final = {stored: name for name, stored in _TO_STORED.items()}


def to_stored_unreadable(on_unparsed: str) -> str:
    """Return the value of `DevScore.unreadable` for a treatment of unparsed answers.

    Example:
        >>> to_stored_unreadable("constrain")
        'close'
    """
    return _TO_STORED.get(on_unparsed, on_unparsed)


class DevScore(_Model):
    """Score of the program on dev questions at the time of freezing.

    Attributes:
        questions: Source of the questions.
        unreadable: Stored name of the treatment of unparsed answers (see `on_unparsed`).
        n, correct, accuracy, ci_low, ci_high: Counts and accuracy with its 95 % Wilson interval.
        unanswered, errors: Of the n, those without a parsed answer, and those for which the endpoint failed.
        calls, prompt_tokens, completion_tokens: Calls and tokens of the votes.
        standard_error: Standard error of the accuracy, clustered by duplicate questions and shared passages.
        macro_accuracy: Mean accuracy over subjects.
        by_subject: Questions by subject.
        by_letter: Votes by the letter at which the correct option was shown.
        by_size: Questions by ensemble size 1, 2, …; the last is the program itself.
        calibration_error: Expected calibration error of the vote share.
    """

    questions: DataSource
    unreadable: str
    n: int
    correct: int
    accuracy: float
    ci_low: float
    ci_high: float
    unanswered: int
    errors: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    standard_error: float | None = None
    macro_accuracy: float | None = None
    by_subject: dict[str, CorrectCount] = {}
    by_letter: dict[str, CorrectCount] = {}
    by_size: list[CorrectCount] = []
    calibration_error: float | None = None

    @property
    def on_unparsed(self) -> str:
        """Treatment of unparsed answers, as `openmedlm.inference.Policy.on_unparsed` names it."""
        return _FROM_STORED.get(self.unreadable, self.unreadable)


class Provenance(_Model):
    """Provenance of the program's parts.

    Attributes:
        pool: Source of the exemplars; None if there are none.
        teachers: Author of rationales to number of rationales.
        orders_kept: Number of exemplars whose options must keep their order (see `Exemplar.letters`).
        versions: Package to version, at the time of freezing.
    """

    pool: DataSource | None
    teachers: dict[str, int]
    orders_kept: int
    versions: dict[str, str]


class Document(_Model):
    """Contents of `program.json`: a frozen program without its exemplars and golden prompts.

    Attributes:
        schema_version: Version of this schema; another one is rejected.
        model: Model string that the program was made for.
        benchmark: Benchmark that the program was made for.
        exemplars: Kind of exemplars, and their parameters.
        dev: Score on dev questions; None if the program was not scored.
        provenance: Provenance of the parts.
        files: Name of each other file to its sha256.
        sha256: Digest of this file with an empty value here.
        The other attributes are those of `openmedlm.programs.PromptProgram`.
    """

    schema_version: Literal[1, 2]
    model: str
    benchmark: str
    strategy: SingleStrategy | Literal["ensemble"]
    member: SingleStrategy | None
    instructions: str
    template: Template
    reasoning: bool
    decode: SamplingParams
    votes: int = Field(ge=1)
    shuffle: bool
    seed: int
    exemplars: Annotated[NoExemplars | Fixed | Nearest, Field(discriminator="kind")]
    dev: DevScore | None
    provenance: Provenance
    files: dict[str, str]
    sha256: str

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Reject values that have the right types but can't be run."""
        for name, pattern, allowed in _patterns(self.template):
            for _, field, form, conversion in Formatter().parse(pattern):
                if field is not None and (field not in allowed or form or conversion):
                    raise ValueError(f"unknown placeholder or format in template.{name}: {field!r}")
        decode = self.decode
        if decode.max_tokens < 1 or not 0 <= decode.temperature <= 2 or (decode.top_k is not None and decode.top_k < 1):
            raise ValueError("decode.max_tokens, decode.temperature or decode.top_k is out of range")
        if decode.top_p is not None and not 0 <= decode.top_p <= 1:
            raise ValueError("decode.top_p is out of range")
        if (self.member is not None) != (self.strategy == "ensemble"):
            raise ValueError("an ensemble needs a member, and other strategies must not have one")
        return self


def _patterns(template: Template) -> Iterator[tuple[str, str, set[str]]]:
    """Yield the template's patterns, each with its allowed placeholders."""
    yield "head", template.head, {"instructions", "cue"}
    yield "context", template.context, {"context"}
    yield "question", template.question, {"context", "question", "options"}
    yield "option", template.option, {"letter", "text"}
    yield "closing", template.closing, {"letters"}
    for name, style in (("direct", template.direct), ("reasoning", template.reasoning)):
        yield f"{name}.cue", style.cue, {"letters"}
        yield f"{name}.answer", style.answer, {"rationale", "letter"}


def serialize_document(document: Document) -> bytes:
    """Return the bytes of `program.json`, with its own sha256."""
    blank = _bytes(document.model_copy(update={"sha256": ""}))
    return _bytes(document.model_copy(update={"sha256": hashlib.sha256(blank).hexdigest()}))


def has_valid_checksum(content: bytes) -> bool:
    """Return True if the sha256 in the file's last line but one is that of all its other bytes."""
    match = _OWN_SHA256.search(content)
    if match is None:
        return False
    blank = content[: match.start()] + match[1] + match[2]
    return hashlib.sha256(blank).hexdigest().encode() == content[match.end(1) : match.start(2)]


def _bytes(document: Document) -> bytes:
    return orjson.dumps(document.model_dump(mode="json"), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
