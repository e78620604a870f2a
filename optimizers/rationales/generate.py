"""A teacher reasons on pool questions; what ends on the gold letter is kept, the rest is asked again."""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

import orjson

from openmedlm.data import Question
from openmedlm.inference import AnyEngine
from openmedlm.metrics import Outcome, Vote
from openmedlm.metrics.answer_parsing.cleanup import without_thoughts
from openmedlm.optimizers.rationales.pool import RationalePool, RationaleRecord, question_sha256
from openmedlm.programs.final_answer import split_closing
from openmedlm.programs.option_order import can_reorder_options, derive_seed, option_orders, reorder, unshuffle_letter
from openmedlm.programs.prompt_program import PromptProgram

TEMPERATURE_STEP = 0.25
HIGHEST_TEMPERATURE = 1.0


@dataclass(frozen=True, slots=True)
class RationaleBatch:
    """What is known of a round's questions after it, and what the endpoint said where it failed.

    A question whose completion could not be had is not among them: the same call asks it again, later.
    """

    records: Sequence[RationaleRecord]
    errors: Sequence[str]


def temperature(number: int) -> float:
    """Of a round, from 1: greedy at first, then 0.25 more each time, at most 1."""
    return min(TEMPERATURE_STEP * (number - 1), HIGHEST_TEMPERATURE)


async def generate_rationales(
    engine: AnyEngine,
    program: PromptProgram,
    teacher: str,
    questions: Sequence[Question],
    pool: RationalePool,
    rounds: int = 5,
    begun: Callable[[str, int], None] | None = None,
    seen: Callable[[Outcome], None] | None = None,
) -> AsyncIterator[RationaleBatch]:
    """Asks the teacher about each question until its reasoning ends on the gold letter, as OpenMedLM's authors do.

    Each round shows the options in another order, so that a preference for a position does not pass for knowledge,
    except where an option speaks of the others. A question that the pool has a rationale for is not asked about, and
    every completion is in the vote store before it is read, so the same call goes on wherever it was stopped.

    Args:
        engine: at the teacher's endpoint; its policy should leave unreadable answers (a letter that is asked for
            afterwards ends no reasoning).
        program: how the teacher is asked; its temperature is the round's.
        teacher: names the teacher in the pool.
        questions: pool questions.
        pool: what is known already.
        rounds: how often a question is asked, at most.
        begun: called with each round's name and the number of questions that it asks about.
        seen: called with each outcome as it comes.

    Yields:
        Each round as it ends; it stops early once nothing is left to ask.

    Raises:
        EndpointDownError: nothing can be had of the teacher's endpoint.
    """
    left: list[tuple[Question, RationaleRecord]] = []
    for question in questions:
        known = pool.of(question)
        if known is None or known.rationale is None:
            left.append((question, RationaleRecord(question.id, question_sha256(question), teacher, ())))
    for number in range(1, rounds + 1):
        if not left:
            return
        if begun is not None:
            begun(f"round {number}", len(left))
        orders = [order_in(question, number, program.seed) for question, _ in left]
        asked = [reorder(question, order) for (question, _), order in zip(left, orders, strict=True)]
        again = program_of(program, number)
        outcomes = await engine.run(again, asked, seen)
        answered = [
            (question, _after(before, question, order, shown, outcome.votes[0], again))
            for (question, before), order, shown, outcome in zip(left, orders, asked, outcomes, strict=True)
            if outcome.error is None
        ]
        yield RationaleBatch(
            [records for _, records in answered], [outcome.error for outcome in outcomes if outcome.error is not None]
        )
        left = [(question, records) for question, records in answered if records.rationale is None]


def program_of(program: PromptProgram, number: int) -> PromptProgram:
    """How a round asks: at its temperature, with seeds of its own."""
    return replace(
        program,
        decode=replace(program.decode, temperature=temperature(number)),
        seed=derive_seed(program.seed, "round", number),
    )


def order_in(question: Question, number: int, seed: int) -> str:
    """The order in which a round shows the options."""
    own = "".join(question.options)
    if not can_reorder_options(question):
        return own
    return option_orders(own, number, derive_seed(seed, question.question))[-1]


def _after(
    before: RationaleRecord, question: Question, order: str, shown: Question, vote: Vote, program: PromptProgram
) -> RationaleRecord:
    """What is known of a question after one more completion."""
    rationale, closing = split_closing(without_thoughts(vote.text) or "", shown.options)
    ended = bool(rationale) and closing is not None and closing == vote.letter and vote.finish_reason != "length"
    letter = unshuffle_letter(closing, list(question.options), order) if ended and closing else None
    after = replace(
        before,
        letters=(*before.letters, letter),
        prompt_tokens=before.prompt_tokens + vote.prompt_tokens,
        completion_tokens=before.completion_tokens + vote.completion_tokens,
        cost_usd=None
        if None in (before.cost_usd, vote.cost_usd)
        else (before.cost_usd or 0.0) + (vote.cost_usd or 0.0),
    )
    if letter != question.answer:
        return after
    prompt = orjson.dumps(program.render(shown, ()), option=orjson.OPT_SORT_KEYS)
    return replace(
        after, rationale=rationale, order=order, prompt_sha256=hashlib.sha256(prompt).hexdigest(), key=vote.key
    )
