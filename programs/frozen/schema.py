"""`program.json`: what a frozen program is, field by field."""

import hashlib
import re
from collections.abc import Iterator
from string import Formatter
from typing import Annotated, Final, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from openmedlm.programs.retrieval import Kind
from openmedlm.programs.retrieval.knn_exemplars import NEAREST_LAST, Order
from openmedlm.programs.sampling_params import SamplingParams
from openmedlm.programs.template import Template

SCHEMA_VERSION: Final = 1

Single = Literal["zero-shot", "few-shot", "cot", "few-shot-cot", "knn-few-shot", "knn-cot"]
"""The strategies that give one answer."""

_SHA256 = r"[0-9a-f]{64}"
_OWN_SHA256 = re.compile(rb'(\n  "sha256": ")' + _SHA256.encode() + rb'("\n}\n)\Z')


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Embedding(_Part):
    """The embedder that made the exemplars' vectors, and that has to embed the questions.

    Attributes:
        name: what finds it (`openmedlm.programs.retrieval.find_embedder`).
        fingerprint: equal only for embedders that give equal vectors.
        dimension: numbers in a vector.
    """

    name: str
    fingerprint: str
    dimension: int = Field(ge=1)


class NoExemplars(_Part):
    """Prompts show none."""

    kind: Literal["none"] = "none"


class Fixed(_Part):
    """Every question is shown all of `exemplars.parquet`, in its order, but for its own duplicates."""

    kind: Literal["fixed"] = "fixed"
    count: int = Field(ge=1)


class Nearest(_Part):
    """Every question is shown the `k` of `exemplars.parquet` that are nearest to it.

    Attributes:
        count: exemplars to choose from.
        k: exemplars shown.
        index: how they are found.
        balance: whether answer letters are spread evenly, by `seed`.
        order: whether the nearest stands last, next to the question, or first.
    """

    kind: Literal["nearest"] = "nearest"
    count: int = Field(ge=1)
    k: int = Field(ge=0)
    index: Kind
    balance: bool
    seed: int
    order: Order = NEAREST_LAST
    embedder: Embedding


class DataSource(_Part):
    """Where questions came from.

    Attributes:
        benchmark, split: which they are.
        source: `hub`, `sample` or `files`.
        count: how many.
        sha256: over their records (`openmedlm.data.fingerprint`).
    """

    benchmark: str
    split: str
    source: Literal["hub", "sample", "files"]
    count: int = Field(ge=0)
    sha256: str = Field(pattern=f"^{_SHA256}$")


class CorrectCount(_Part):
    """Right ones among some."""

    n: int
    correct: int


class DevScore(_Part):
    """What the program came to on dev questions when it was frozen.

    Attributes:
        questions: which.
        unreadable: what became of answers that could not be read (`openmedlm.inference.policy`).
        n, correct, accuracy, ci_low, ci_high: with the 95 % Wilson interval.
        unanswered, errors: of the n, those without a readable answer, and those for which the endpoint failed.
        calls, prompt_tokens, completion_tokens: what the votes consist of.
        standard_error: of the accuracy, questions that repeat each other or share a passage counted together.
        macro_accuracy: mean over subjects.
        by_subject: questions, by subject.
        by_letter: votes, by the letter at which they were shown the right option.
        by_size: questions, by an ensemble of one vote, two, …, of which the last is the program itself.
        calibration_error: expected calibration error of the vote share.
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


class Provenance(_Part):
    """Where every part came from.

    Attributes:
        pool: the questions that exemplars were taken from; None where there are none.
        teachers: who wrote the exemplars' rationales, and how many each.
        orders_kept: exemplars whose options have to keep their order (see `Exemplar.letters`).
        versions: package to version, at the time of freezing.
    """

    pool: DataSource | None
    teachers: dict[str, int]
    orders_kept: int
    versions: dict[str, str]


class Document(_Part):
    """A frozen program, but for its exemplars and golden prompts.

    Attributes:
        schema_version: of this description; another one is refused.
        model: the model string that it was made for.
        benchmark: that it was made for.
        files: the directory's other files, each with its sha256.
        sha256: over this file, with an empty text in this place.
        The others are those of `openmedlm.programs.PromptProgram`.
    """

    schema_version: Literal[1]
    model: str
    benchmark: str
    strategy: Single | Literal["ensemble"]
    member: Single | None
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
        """Refuses what could be written down but not run."""
        for name, pattern, allowed in _patterns(self.template):
            for _, field, form, conversion in Formatter().parse(pattern):
                if field is not None and (field not in allowed or form or conversion):
                    raise ValueError(f"template.{name} has the unknown placeholder {field!r}, or a format for one")
        decode = self.decode
        if decode.max_tokens < 1 or not 0 <= decode.temperature <= 2 or (decode.top_k is not None and decode.top_k < 1):
            raise ValueError("decode is out of range")
        if decode.top_p is not None and not 0 <= decode.top_p <= 1:
            raise ValueError("decode.top_p is out of range")
        if (self.member is not None) != (self.strategy == "ensemble"):
            raise ValueError("an ensemble has a member, and nothing else has one")
        return self


def _patterns(template: Template) -> Iterator[tuple[str, str, set[str]]]:
    """The template's patterns, each with the placeholders that it may have."""
    yield "head", template.head, {"instructions", "cue"}
    yield "context", template.context, {"context"}
    yield "question", template.question, {"context", "question", "options"}
    yield "option", template.option, {"letter", "text"}
    yield "closing", template.closing, {"letters"}
    for name, style in (("direct", template.direct), ("reasoning", template.reasoning)):
        yield f"{name}.cue", style.cue, {"letters"}
        yield f"{name}.answer", style.answer, {"rationale", "letter"}


def sealed(document: Document) -> bytes:
    """The bytes of the file, with its own sha256."""
    blank = _bytes(document.model_copy(update={"sha256": ""}))
    return _bytes(document.model_copy(update={"sha256": hashlib.sha256(blank).hexdigest()}))


def holds_together(content: bytes) -> bool:
    """Whether the file's own sha256, its last line but one, is that of all its other bytes."""
    found = _OWN_SHA256.search(content)
    if found is None:
        return False
    blank = content[: found.start()] + found[1] + found[2]
    return hashlib.sha256(blank).hexdigest().encode() == content[found.end(1) : found.start(2)]


def _bytes(document: Document) -> bytes:
    return orjson.dumps(document.model_dump(mode="json"), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
