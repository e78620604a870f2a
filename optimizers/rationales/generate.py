"""Generation of rationales: a teacher model reasons on pool questions, and correct reasoning is kept.

Questions whose reasoning does not end on the gold letter are asked again in the next round.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

import orjson

from openmedlm.data import Question
from openmedlm.inference import AnyEngine
from openmedlm.metrics import Outcome, Vote
from openmedlm.optimizers.rationales.extract import RationaleFrom, extract_rationale
from openmedlm.optimizers.rationales.pool import RationalePool, RationaleRecord, question_sha256
from openmedlm.programs.option_order import can_reorder_options, derive_seed, option_orders, reorder, unshuffle_letter
from openmedlm.programs.prompt_program import PromptProgram

TEMPERATURE_STEP = 0.25
MAX_TEMPERATURE = 1.0


@dataclass(frozen=True, slots=True)
class RationaleBatch:
    """Records of one round's questions after it, and the errors of the endpoint.

    A question whose request failed has no record here; a later call asks it again.
    """

    records: Sequence[RationaleRecord]
    errors: Sequence[str]


def round_temperature(number: int) -> float:
    """Return the temperature of a round, from 1: greedy at first, then 0.25 more in each round, at most 1."""
    return min(TEMPERATURE_STEP * (number - 1), MAX_TEMPERATURE)


async def generate_rationales(
    engine: AnyEngine,
    program: PromptProgram,
    teacher: str,
    questions: Sequence[Question],
    pool: RationalePool,
    rounds: int = 5,
    on_round: Callable[[str, int], None] | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
    rationale_from: RationaleFrom = "auto",
) -> AsyncIterator[RationaleBatch]:
    """Ask the teacher about each question until its reasoning ends on the gold letter, as OpenMedLM's authors do.

    Each round shows the options in another order, so that a preference for a position does not pass for knowledge,
    unless an option refers to the others. Questions with a rationale in the pool are skipped. Every completion is
    cached before it is parsed, so the same call resumes where it stopped.

    Args:
        engine: Engine at the teacher's endpoint. Its policy should skip unparsed answers, since a letter that is
            requested afterwards does not end the reasoning.
        program: Prompt program of the teacher; each round sets its own temperature.
        teacher: Name of the teacher in the pool.
        questions: Pool questions.
        pool: Rationales so far.
        rounds: Maximum number of times a question is asked.
        on_round: Called with the name of each round and its number of questions.
        on_outcome: Called with each outcome as it arrives.
        rationale_from: Part of a completion that rationales are taken from.

    Yields:
        The records of each round as it ends. Rounds end early once no question is left.

    Raises:
        EndpointDownError: The teacher's endpoint does not answer.
    """
    remaining: list[tuple[Question, RationaleRecord]] = []
    for question in questions:
        known = pool.get(question)
        if known is None or known.rationale is None:
            remaining.append((question, RationaleRecord(question.id, question_sha256(question), teacher, ())))
    for number in range(1, rounds + 1):
        if not remaining:
            return
        if on_round is not None:
            on_round(f"round {number}", len(remaining))
        orders = [choose_option_order(question, number, program.seed) for question, _ in remaining]
        shown = [reorder(question, order) for (question, _), order in zip(remaining, orders, strict=True)]
        round_program = make_round_program(program, number)
        outcomes = await engine.run(round_program, shown, on_outcome)
        answered = [
            (
                question,
                _add_completion(record, question, order, reordered, outcome.votes[0], round_program, rationale_from),
            )
            for (question, record), order, reordered, outcome in zip(remaining, orders, shown, outcomes, strict=True)
            if outcome.error is None
        ]
        yield RationaleBatch(
            [record for _, record in answered], [outcome.error for outcome in outcomes if outcome.error is not None]
        )
        remaining = [(question, record) for question, record in answered if record.rationale is None]


def make_round_program(program: PromptProgram, number: int) -> PromptProgram:
    """Return the program of a round, with the round's temperature and seed."""
    return replace(
        program,
        decode=replace(program.decode, temperature=round_temperature(number)),
        seed=derive_seed(program.seed, "round", number),
    )


def choose_option_order(question: Question, number: int, seed: int) -> str:
    """Return the order in which a round shows the options."""
    own = "".join(question.options)
    if not can_reorder_options(question):
        return own
    return option_orders(own, number, derive_seed(seed, question.question))[-1]


def _add_completion(
    before: RationaleRecord,
    question: Question,
    order: str,
    shown: Question,
    vote: Vote,
    program: PromptProgram,
    rationale_from: RationaleFrom,
) -> RationaleRecord:
    """Return the record of a question after one more completion."""
    found = extract_rationale(vote, shown.options, rationale_from, program.decode.thought_marks)
    letter = unshuffle_letter(found.letter, list(question.options), order) if found.letter else None
    rejection = found.rejection
    if vote.letter and rejection != "cut off" and vote.letter != shown.answer:
        rejection = "wrong letter"
    after = replace(
        before,
        letters=(*before.letters, letter),
        rejections=(*before.rejections, rejection) if rejection else before.rejections,
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
        after,
        rationale=found.rationale,
        order=order,
        prompt_sha256=hashlib.sha256(prompt).hexdigest(),
        key=vote.key,
        source=found.source,
    )
