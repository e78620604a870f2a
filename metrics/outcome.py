"""Outcome of a question: its votes and the answer of their majority."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["answered", "unanswered", "error"]
SampleMethod = Literal["free", "resampled", "constrained"]
Failure = Literal["timeout", "connection", "http", "malformed"]
"""Kind of endpoint error: no response in time, no connection, an error status, or an invalid response body."""


@dataclass(frozen=True, slots=True)
class Vote:
    """One sampled completion, parsed.

    Attributes:
        sample: Index among the votes of the question, from 0.
        letter: Parsed letter, in the lettering of the question (a shuffle is undone); None if unparsed.
        rule: Parsing rule that decided (see `openmedlm.metrics.answer_parsing`).
        text: Completion as the model wrote it, in the lettering that it was shown.
        order: Letters of the question in the order in which their options were shown: `CABD` showed option C as A.
        method: Sampling of the deciding completion. `free`: the first completion was parsed. `resampled`: an earlier
            completion was unparsed, and another sample replaces it. `constrained`: a follow-up request allowed only an
            option letter.
        finish_reason: Finish reason (`stop`, `length`, `content_filter`) of the last completion without a constraint;
            None if the endpoint gave none.
        calls: Number of completions of this vote, unparsed ones included; 0 for completions of another system.
        prompt_tokens: Tokens of the prompts, as the endpoint counted them, over all calls.
        completion_tokens: Tokens of the completions, likewise.
        cached_tokens: Prompt tokens from the endpoint's prefix cache, likewise.
        cost_usd: US dollars over all calls; None if the price is unknown.
        key: Key of the deciding completion in the completion cache; empty for completions of another system.
        failure: Kind of the endpoint error; None without an error.
        error: Message of the endpoint error; None without an error. Completions received before it count in `calls`.
        reasoning: Thoughts that the endpoint separated from the deciding completion; empty if there are none.
        reasoning_tokens: Tokens of the thoughts, over all calls; None if the endpoint did not report them.
        seconds: Time from request to complete response, over all calls; ignored when votes are compared.

    Example:
        >>> vote = Vote(sample=0, letter="B", rule="answer cue", text="Answer: B")
        >>> vote.method
        'free'
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
    reasoning: str = ""
    reasoning_tokens: int | None = None
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of one program to one question.

    Attributes:
        question_id: Id of the question.
        benchmark: Benchmark of the question.
        subject: Subject of the question, if it has one.
        gold: Gold letter of the question.
        answer: Letter of the majority; None if no vote was parsed, or the endpoint failed.
        votes: Votes in the order of their sample index.
        error: Message of the endpoint error that ended the question; it then has no answer.
        exemplars: Ids of the pool questions in the prompt, in the order shown.
        votes_saved: Number of votes that were not requested, since the majority was decided.
        failure: Kind of that error; None without an error.
        similarities: Cosine similarity of each exemplar to this question; empty if exemplars do not depend on it.
        duplicates_removed: Number of exemplars replaced, since they are duplicates of this question.
        exemplars_not_reordered: Number of exemplars that kept their option order while answer letters were balanced.
        cluster: Cluster of the question (`openmedlm.data.clusters`): the id of the first question with the same passage
            or the same text; empty if unknown.

    Example:
        >>> Outcome("q1", "mine", None, gold="B", answer=None).status
        'unanswered'
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
        """True if the answer is the gold letter."""
        return self.answer == self.gold

    @property
    def status(self) -> Status:
        """Status: `answered`, `unanswered` (no vote was parsed) or `error` (the endpoint failed)."""
        if self.error is not None:
            return "error"
        return "answered" if self.answer is not None else "unanswered"


def outcome_from_fields(fields: Mapping[str, Any]) -> Outcome:
    """Return the outcome with these fields, as read from JSON or a table: lists for tuples, mappings for votes.

    Example:
        >>> from dataclasses import asdict
        >>> outcome = Outcome("q1", "mine", None, gold="B", answer="B")
        >>> outcome_from_fields(asdict(outcome)) == outcome
        True
    """
    votes = tuple([Vote(**vote) for vote in fields["votes"]])
    similarities = tuple(map(float, fields["similarities"]))
    values = {**fields, "votes": votes, "exemplars": tuple(fields["exemplars"]), "similarities": similarities}
    return Outcome(**values)
