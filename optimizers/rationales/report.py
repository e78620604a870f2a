"""What came of asking a teacher."""

from collections.abc import Sequence
from dataclasses import dataclass

from openmedlm.data import Question
from openmedlm.optimizers.rationales.pool import RationalePool


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of asking came to.

    Attributes:
        number: from 1.
        asked: questions that it asked about.
        kept: those whose reasoning ended on the gold letter.
        expected_by_guessing: how many a teacher that draws its letters would have kept.
        unread: completions that did not end on a letter, cut-off ones included.
    """

    number: int
    asked: int
    kept: int
    expected_by_guessing: float
    unread: int


@dataclass(frozen=True, slots=True)
class PoolReport:
    """What a teacher made of some questions.

    Attributes:
        questions: how many.
        kept: those with a verified rationale.
        rounds: each round.
        never_right: ids of the questions that went through every round and have none: the hard ones, for this teacher.
        unfinished: questions without one whose later rounds failed; the same call goes on with them.
        not_asked: questions that were never answered, since the endpoint failed.
        calls: completions that were read; prompt_tokens, completion_tokens and cost_usd are theirs.
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


def report(pool: RationalePool, questions: Sequence[Question], rounds_due: int = 0) -> PoolReport:
    """What the pool knows of these questions.

    Args:
        pool: after asking.
        questions: what was to be asked about.
        rounds_due: how often a question is asked at most; one that was asked less often, since the endpoint failed, is
            unfinished and not hard.
    """
    known = [(question, records) for question in questions if (records := pool.of(question)) is not None]
    rounds = []
    for number in range(1, max((len(records.letters) for _, records in known), default=0) + 1):
        asked = [(question, records) for question, records in known if len(records.letters) >= number]
        rounds.append(
            Round(
                number=number,
                asked=len(asked),
                kept=sum(records.rationale is not None and len(records.letters) == number for _, records in asked),
                expected_by_guessing=sum(1 / len(question.options) for question, _ in asked),
                unread=sum(records.letters[number - 1] is None for _, records in asked),
            )
        )
    costs = [records.cost_usd for _, records in known]
    return PoolReport(
        questions=len(questions),
        kept=sum(records.rationale is not None for _, records in known),
        rounds=rounds,
        never_right=[q.id for q, records in known if records.rationale is None and len(records.letters) >= rounds_due],
        unfinished=sum(records.rationale is None and len(records.letters) < rounds_due for _, records in known),
        not_asked=len(questions) - len(known),
        calls=sum(len(records.letters) for _, records in known),
        prompt_tokens=sum(records.prompt_tokens for _, records in known),
        completion_tokens=sum(records.completion_tokens for _, records in known),
        cost_usd=None if None in costs else sum((cost for cost in costs if cost is not None), 0.0),
    )
