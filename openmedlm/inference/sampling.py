"""One vote: asked, read, and mended where the completion names no letter."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from openmedlm.data import Question
from openmedlm.inference.caching_client import Buyer
from openmedlm.inference.errors import EndpointError
from openmedlm.inference.policy import Policy
from openmedlm.inference.request import Completion, Request
from openmedlm.metrics import How, Reading, Vote, read_answer
from openmedlm.programs.option_order import own_letter
from openmedlm.programs.prompt_program import Ballot, PromptProgram
from openmedlm.programs.sampling_params import Decode

AGAIN_TEMPERATURE = 0.8
"""Of a greedy vote that is asked again: the same request would give the same text."""

CLOSING_TOKENS = 16
"""Room for a letter, or for the JSON that some endpoints wrap it in."""


class Slip(NamedTuple):
    """A ballot, what is sent for it, and the store's key of that."""

    ballot: Ballot
    request: Request
    key: str


def slips(buyer: Buyer, program: PromptProgram, question: Question, ballots: Sequence[Ballot]) -> list[Slip]:
    """What is first asked for each ballot."""
    requests = [request(program, question, ballot) for ballot in ballots]
    return [Slip(*each) for each in zip(ballots, requests, buyer.keys(requests), strict=True)]


def recalled(question: Question, slip: Slip, completion: Completion) -> Vote:
    """The vote of a completion that lies in the store; its letter is None where it can't be read."""
    ballot = slip.ballot
    reading = _read(completion.text, tuple(ballot.shown.options.items()))
    return Vote(
        sample=ballot.sample,
        letter=reading.letter and own_letter(reading.letter, list(question.options), ballot.order),
        rule=reading.rule,
        text=completion.text,
        order=ballot.order,
        finish_reason=completion.finish_reason,
        calls=1,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        cached_tokens=completion.cached_tokens,
        cost_usd=completion.cost_usd,
        key=slip.key,
        seconds=completion.seconds,
    )


@lru_cache(maxsize=16_384)  # a search over programs meets the same completions again and again
def _read(text: str, options: tuple[tuple[str, str], ...]) -> Reading:
    return read_answer(text, dict(options))


async def cast_vote(
    buyer: Buyer,
    policy: Policy,
    program: PromptProgram,
    question: Question,
    slip: Slip,
    others: Sequence[Slip] = (),
) -> Vote:
    """Buys one vote. Where a completion can't be had, the vote says so, and what was paid until then is in it.

    Args:
        buyer, policy: from whom, and how.
        program, question, slip: what is asked.
        others: slips of the same prompt that are cast at the same time.

    Raises:
        EndpointDownError: nothing can be had of this endpoint.
    """
    draft = _Draft(buyer, slip.ballot)
    try:
        first = await buyer.get(slip.key, slip.request, {other.key: other.request for other in others})
        vote = recalled(question, slip, first)
        if vote.letter is not None or policy.unreadable == "leave":
            return vote
        draft.take(slip.key, first, "asked")
        while draft.unread and policy.unreadable == "again" and len(draft.completions) < policy.rounds:
            await draft.ask(request(program, question, slip.ballot, len(draft.completions)), "asked again")
        if draft.unread and policy.unreadable == "close":
            await draft.ask(_closing(program, question, slip.ballot, draft.completions[0]), "closed")
    except EndpointError as error:
        draft.error = error
    return draft.vote(question)


class _Draft:
    """A vote in the making, of several completions."""

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

    def take(self, key: str, completion: Completion, how: How) -> None:
        self.completions.append(completion)
        self._key, self._how = key, how
        self._reading = read_answer(completion.text, self._ballot.shown.options)
        if how == "closed":
            self._text += f"\n\n{completion.text}"
        else:
            self._text, self._finish_reason = completion.text, completion.finish_reason

    async def ask(self, asked: Request, how: How) -> None:
        (key,) = self._buyer.keys([asked])
        self.take(key, await self._buyer.get(key, asked), how)

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
    return Request(ballot.prompt, decode, ballot.sample, attempt, seed, question=question.id)


def _closing(program: PromptProgram, question: Question, ballot: Ballot, completion: Completion) -> Request:
    letters = tuple(ballot.shown.options)
    prompt = program.template.close(ballot.prompt, completion.text, letters)
    decode = Decode(max_tokens=CLOSING_TOKENS)
    return Request(prompt, decode, ballot.sample, choices=letters, question=question.id)
