"""Counts of a rationale pool, by round."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from openmedlm.data import Question
from openmedlm.optimizers.rationales.extract import Rejection
from openmedlm.optimizers.rationales.pool import RationalePool, RationaleRecord


@dataclass(frozen=True, slots=True)
class Round:
    """Counts of one round.

    Attributes:
        number: Number of the round, from 1.
        asked: Number of questions asked.
        kept: Number of questions whose reasoning ended on the gold letter.
        expected_by_guessing: Expected number of kept questions for a teacher that guesses.
        unparsed: Number of completions that did not end on a letter, truncated ones included.
    """

    number: int
    asked: int
    kept: int
    expected_by_guessing: float
    unparsed: int


@dataclass(frozen=True, slots=True)
class PoolReport:
    """Counts of a rationale pool.

    Attributes:
        questions: Number of questions.
        kept: Number of questions with a verified rationale.
        rounds: Counts by round.
        never_right: Ids of the questions without a rationale after every round: the hard ones for this teacher.
        unfinished: Number of questions without a rationale whose later rounds failed; the same call resumes them.
        not_asked: Number of questions that were never answered, since the endpoint failed.
        calls: Number of parsed completions; prompt_tokens, completion_tokens and cost_usd are theirs.
        from_thoughts: Number of verified rationales that come from thoughts.
        rejected: Number of questions without a rationale by the reason of their last round, most frequent first.
    """

    questions: int
    kept: int
    rounds: Sequence[Round]
    never_right: Sequence[str]
    unfinished: int
    not_asked: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    from_thoughts: int = 0
    rejected: Mapping[Rejection, int] = field(default_factory=dict)


def report(pool: RationalePool, questions: Sequence[Question], max_rounds: int = 0) -> PoolReport:
    """Count the rationales of these questions.

    Args:
        pool: The pool after generation.
        questions: The questions of the job.
        max_rounds: Maximum number of times a question is asked. One that was asked less often, because the endpoint
            failed, is unfinished and not hard.
    """
    known = [(question, record) for question in questions if (record := pool.get(question)) is not None]
    rounds = []
    for number in range(1, max((len(record.letters) for _, record in known), default=0) + 1):
        asked = [(question, record) for question, record in known if len(record.letters) >= number]
        rounds.append(
            Round(
                number=number,
                asked=len(asked),
                kept=sum(record.rationale is not None and len(record.letters) == number for _, record in asked),
                expected_by_guessing=sum(1 / len(question.options) for question, _ in asked),
                unparsed=sum(record.letters[number - 1] is None for _, record in asked),
            )
        )
    without = [(question, record) for question, record in known if record.rationale is None]
    costs = [record.cost_usd for _, record in known]
    return PoolReport(
        questions=len(questions),
        kept=len(known) - len(without),
        rounds=rounds,
        never_right=[question.id for question, record in without if len(record.letters) >= max_rounds],
        unfinished=sum(len(record.letters) < max_rounds for _, record in without),
        not_asked=len(questions) - len(known),
        calls=sum(len(record.letters) for _, record in known),
        prompt_tokens=sum(record.prompt_tokens for _, record in known),
        completion_tokens=sum(record.completion_tokens for _, record in known),
        cost_usd=None if None in costs else sum((cost for cost in costs if cost is not None), 0.0),
        from_thoughts=sum(record.rationale is not None and record.source == "thoughts" for _, record in known),
        rejected=dict(Counter(_rejection(record) for _, record in without).most_common()),
    )


def _rejection(record: RationaleRecord) -> Rejection:
    """Return the reason of the last round; earlier releases recorded only its letter."""
    if record.rejections:
        return record.rejections[-1]
    return "no letter" if not record.letters or record.letters[-1] is None else "wrong letter"
