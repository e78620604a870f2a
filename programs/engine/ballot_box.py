"""One vote: asked, read, and mended where the completion names no letter."""

from collections.abc import Sequence
from dataclasses import replace

from data import Question
from metrics import How, Reading, Vote, read_answer
from programs.decode import Decode
from programs.engine.buyer import Buyer
from programs.engine.errors import EndpointError
from programs.engine.policy import Policy
from programs.engine.request import Completion, Request
from programs.prompt_program import Ballot, PromptProgram
from programs.shuffle import own_letter

AGAIN_TEMPERATURE = 0.8
"""Of a greedy vote that is asked again: the same request would give the same text."""

CLOSING_TOKENS = 16
"""Room for a letter, or for the JSON that some endpoints wrap it in."""


async def cast_vote(
    buyer: Buyer,
    policy: Policy,
    program: PromptProgram,
    question: Question,
    ballot: Ballot,
    others: Sequence[Ballot] = (),
) -> Vote:
    """Buys one vote. Where a completion can't be had, the vote says so, and what was paid until then is in it.

    Args:
        buyer, policy: from whom, and how.
        program, question, ballot: what is asked.
        others: ballots of the same prompt that are cast at the same time.

    Raises:
        EndpointDownError: nothing can be had of this endpoint.
    """
    draft = _Draft(buyer, ballot)
    try:
        await draft.ask(request(program, question, ballot), "asked", [request(program, question, o) for o in others])
        while draft.unread and policy.unreadable == "again" and len(draft.completions) < policy.rounds:
            await draft.ask(request(program, question, ballot, len(draft.completions)), "asked again")
        if draft.unread and policy.unreadable == "close":
            await draft.close(_closing(program, ballot, draft.completions[0]))
    except EndpointError as error:
        draft.error = error
    return draft.vote(question)


class _Draft:
    """A vote in the making."""

    def __init__(self, buyer: Buyer, ballot: Ballot) -> None:
        self._buyer = buyer
        self._ballot = ballot
        self._reading = Reading(None, "unreadable")
        self._how: How = "asked"
        self._key = ""
        self._text = ""
        self._finish_reason: str | None = None
        self.completions: list[Completion] = []
        self.error: EndpointError | None = None

    @property
    def unread(self) -> bool:
        return self._reading.letter is None

    async def ask(self, asked: Request, how: How, siblings: Sequence[Request] = ()) -> None:
        completion = await self._get(asked, how, siblings)
        self._text, self._finish_reason = completion.text, completion.finish_reason

    async def close(self, asked: Request) -> None:
        completion = await self._get(asked, "closed")
        self._text += f"\n\n{completion.text}"

    async def _get(self, asked: Request, how: How, siblings: Sequence[Request] = ()) -> Completion:
        self._key, completion = await self._buyer.get(asked, siblings)
        self.completions.append(completion)
        self._how = how
        self._reading = read_answer(completion.text, self._ballot.shown.options)
        return completion

    def vote(self, question: Question) -> Vote:
        letter = self._reading.letter if self.error is None else None
        costs = [completion.cost_usd for completion in self.completions]
        return Vote(
            sample=self._ballot.sample,
            letter=letter and own_letter(letter, list(question.options), self._ballot.order),
            rule=self._reading.rule,
            text=self._text,
            order=self._ballot.order,
            how=self._how,
            finish_reason=self._finish_reason,
            calls=len(self.completions),
            prompt_tokens=sum(completion.prompt_tokens for completion in self.completions),
            completion_tokens=sum(completion.completion_tokens for completion in self.completions),
            cached_tokens=sum(completion.cached_tokens for completion in self.completions),
            cost_usd=None if None in costs else sum((cost for cost in costs if cost is not None), 0.0),
            key=self._key,
            seconds=sum(completion.seconds for completion in self.completions),
            failure=self.error.failure if self.error else None,
            error=str(self.error) if self.error else None,
        )


def request(program: PromptProgram, question: Question, ballot: Ballot, attempt: int = 0) -> Request:
    """What is sent for a vote the first time, or when it is asked again."""
    decode = program.decode
    if attempt and decode.greedy:
        decode = replace(decode, temperature=AGAIN_TEMPERATURE)
    seed = None if decode.greedy else program.sampling_seed(question, ballot.sample, attempt)
    return Request(ballot.prompt, decode, ballot.sample, attempt, seed)


def _closing(program: PromptProgram, ballot: Ballot, completion: Completion) -> Request:
    letters = tuple(ballot.shown.options)
    prompt = program.template.close(ballot.prompt, completion.text, letters)
    return Request(prompt, Decode(max_tokens=CLOSING_TOKENS), ballot.sample, choices=letters)
