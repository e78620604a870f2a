"""What became of a question: its votes and the answer that they gave."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["answered", "unanswered", "error"]
SampleMethod = Literal["free", "resampled", "constrained"]
Failure = Literal["timeout", "connection", "http", "malformed"]
"""How a completion could not be had: no answer in time; no connection; a status that refuses; a body that is none."""


@dataclass(frozen=True, slots=True)
class Vote:
    """One sampled completion, read.

    Attributes:
        sample: its index among the votes of its question, from 0.
        letter: the letter read, in the question's own lettering (a shuffle is undone); None where unreadable.
        rule: the reading rule that decided (see `openmedlm.metrics.answer_parsing`).
        text: the completion as the model wrote it, in the lettering that it was shown.
        order: the question's letters in the order in which their options were shown: `CABD` showed option C as A.
        method: `free`; `resampled` where an earlier completion of this vote could not be read; `constrained` where the
            letter was then asked for under a constraint.
        finish_reason: the endpoint's word (`stop`, `length`, `content_filter`) for the completion that was last asked
            for freely, without a constraint; None where it gave none.
        calls: completions that this vote consists of, those that could not be read included; 0 where another system
            wrote it.
        prompt_tokens, completion_tokens, cached_tokens: as the endpoint counted them, over all its calls.
        cost_usd: US dollars over all its calls; None where the price is not known.
        seconds: from sending to the whole answer, over all its calls; of no bearing on whether votes are equal.
        key: the vote store's key of the deciding completion; empty for completions that another system wrote.
        failure, error: where a completion could not be had, what kind of failure it was and what the endpoint said;
            completions had before it are counted all the same.
    """

    sample: int
    letter: str | None
    rule: str
    text: str
    order: str = ""
    method: SampleMethod = "free"
    finish_reason: str | None = None
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = None
    key: str = ""
    failure: Failure | None = None
    error: str | None = None
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of one program to one question.

    Attributes:
        question_id, benchmark, subject, gold: from the question.
        answer: the majority's letter; None where no vote could be read, or the endpoint failed.
        votes: in the order of their sample index.
        error: what the endpoint said, where a vote could not be had; a question with an error has no answer.
        failure: what kind of error it was.
        exemplars: ids of the pool questions shown before this one, in the order shown.
        similarities: the cosine of each of them to this question, where they were chosen by it; else empty.
        duplicates_removed: pool questions that would have been shown, had they not been this question itself.
        exemplars_not_reordered: exemplars that kept their option order while answer letters were balanced.
        votes_saved: votes that the majority did not need and that were not bought.
        cluster: id of the first question that this one belongs with (`openmedlm.data.clusters`): they share a passage,
            or are the same question twice, and are right or wrong together; empty where nobody looked.
    """

    question_id: str
    benchmark: str
    subject: str | None
    gold: str
    answer: str | None
    votes: tuple[Vote, ...] = ()
    error: str | None = None
    exemplars: tuple[str, ...] = ()
    votes_saved: int = 0
    failure: Failure | None = None
    similarities: tuple[float, ...] = ()
    duplicates_removed: int = 0
    exemplars_not_reordered: int = 0
    cluster: str = ""

    @property
    def correct(self) -> bool:
        return self.answer == self.gold

    @property
    def status(self) -> Status:
        if self.error is not None:
            return "error"
        return "answered" if self.answer is not None else "unanswered"


def outcome_from_fields(fields: Mapping[str, Any]) -> Outcome:
    """The outcome of its fields, as JSON or a table has them: lists for tuples, mappings for votes."""
    votes = tuple([Vote(**vote) for vote in fields["votes"]])
    similarities = tuple(map(float, fields["similarities"]))
    given = {**fields, "votes": votes, "exemplars": tuple(fields["exemplars"]), "similarities": similarities}
    return Outcome(**given)
