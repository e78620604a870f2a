"""One vote: asked, read, and mended where the completion names no letter."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from openmedlm.data import Question
from openmedlm.inference.caching_client import CachingClient
from openmedlm.inference.errors import EndpointError
from openmedlm.inference.policy import Policy
from openmedlm.inference.request import Completion, Request
from openmedlm.metrics import ParsedAnswer, SampleMethod, Vote, parse_answer
from openmedlm.programs.option_order import unshuffle_letter
from openmedlm.programs.prompt_program import PromptProgram, SamplePrompt
from openmedlm.programs.sampling_params import SamplingParams

AGAIN_TEMPERATURE = 0.8
"""Of a greedy vote that is asked again: the same request would give the same text."""

CLOSING_TOKENS = 16
"""Room for a letter, or for the JSON that some endpoints wrap it in."""


class PendingRequest(NamedTuple):
    """A ballot, what is sent for it, and the store's key of that."""

    sample_prompt: SamplePrompt
    request: Request
    key: str


def pending_requests(
    caching_client: CachingClient, program: PromptProgram, question: Question, sample_prompts: Sequence[SamplePrompt]
) -> list[PendingRequest]:
    """What is first asked for each ballot."""
    requests = [build_request(program, question, sample_prompt) for sample_prompt in sample_prompts]
    return [PendingRequest(*each) for each in zip(sample_prompts, requests, caching_client.keys(requests), strict=True)]


def cached_vote(question: Question, pending: PendingRequest, completion: Completion) -> Vote:
    """The vote of a completion that lies in the store; its letter is None where it can't be read."""
    sample_prompt = pending.sample_prompt
    reading = _read(completion.text, tuple(sample_prompt.shown.options.items()))
    return Vote(
        sample=sample_prompt.sample,
        letter=reading.letter and unshuffle_letter(reading.letter, list(question.options), sample_prompt.order),
        rule=reading.rule,
        text=completion.text,
        order=sample_prompt.order,
        finish_reason=completion.finish_reason,
        calls=1,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        cached_tokens=completion.cached_tokens,
        cost_usd=completion.cost_usd,
        key=pending.key,
        seconds=completion.seconds,
    )


@lru_cache(maxsize=16_384)  # a search over programs meets the same completions again and again
def _read(text: str, options: tuple[tuple[str, str], ...]) -> ParsedAnswer:
    return parse_answer(text, dict(options))


async def sample_vote(
    caching_client: CachingClient,
    policy: Policy,
    program: PromptProgram,
    question: Question,
    pending: PendingRequest,
    others: Sequence[PendingRequest] = (),
) -> Vote:
    """Buys one vote. Where a completion can't be had, the vote says so, and what was paid until then is in it.

    Args:
        buyer, policy: from whom, and how.
        program, question, slip: what is asked.
        others: slips of the same prompt that are cast at the same time.

    Raises:
        EndpointDownError: nothing can be had of this endpoint.
    """
    draft = _Draft(caching_client, pending.sample_prompt)
    try:
        first = await caching_client.get(pending.key, pending.request, {other.key: other.request for other in others})
        vote = cached_vote(question, pending, first)
        if vote.letter is not None or policy.on_unparsed == "skip":
            return vote
        draft.take(pending.key, first, "free")
        while draft.unread and policy.on_unparsed == "resample" and len(draft.completions) <= policy.max_resamples:
            await draft.ask(
                build_request(program, question, pending.sample_prompt, len(draft.completions)), "resampled"
            )
        if draft.unread and policy.on_unparsed == "constrain":
            await draft.ask(_closing(program, question, pending.sample_prompt, draft.completions[0]), "constrained")
    except EndpointError as error:
        draft.error = error
    return draft.vote(question)


class _Draft:
    """A vote in the making, of several completions."""

    def __init__(self, caching_client: CachingClient, sample_prompt: SamplePrompt) -> None:
        self._buyer = caching_client
        self._ballot = sample_prompt
        self._reading = ParsedAnswer(None, "unreadable")
        self._method: SampleMethod = "free"
        self._key = ""
        self._text = ""
        self._finish_reason: str | None = None
        self.completions: list[Completion] = []
        self.error: EndpointError | None = None

    @property
    def unread(self) -> bool:
        return self._reading.letter is None

    def take(self, key: str, completion: Completion, method: SampleMethod) -> None:
        self.completions.append(completion)
        self._key, self._method = key, method
        self._reading = parse_answer(completion.text, self._ballot.shown.options)
        if method == "constrained":
            self._text += f"\n\n{completion.text}"
        else:
            self._text, self._finish_reason = completion.text, completion.finish_reason

    async def ask(self, asked: Request, method: SampleMethod) -> None:
        (key,) = self._buyer.keys([asked])
        self.take(key, await self._buyer.get(key, asked), method)

    def vote(self, question: Question) -> Vote:
        letter = self._reading.letter if self.error is None else None
        costs = [completion.cost_usd for completion in self.completions]
        return Vote(
            sample=self._ballot.sample,
            letter=letter and unshuffle_letter(letter, list(question.options), self._ballot.order),
            rule=self._reading.rule,
            text=self._text,
            order=self._ballot.order,
            method=self._method,
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


def build_request(program: PromptProgram, question: Question, sample_prompt: SamplePrompt, attempt: int = 0) -> Request:
    """What is sent for a vote the first time, or when it is asked again."""
    decode = program.decode
    if attempt and decode.greedy:
        decode = replace(decode, temperature=AGAIN_TEMPERATURE)
    seed = None if decode.greedy else program.sampling_seed(question, sample_prompt.sample, attempt)
    return Request(sample_prompt.prompt, decode, sample_prompt.sample, attempt, seed, question=question.id)


def _closing(
    program: PromptProgram, question: Question, sample_prompt: SamplePrompt, completion: Completion
) -> Request:
    letters = tuple(sample_prompt.shown.options)
    prompt = program.template.close(sample_prompt.prompt, completion.text, letters)
    decode = SamplingParams(max_tokens=CLOSING_TOKENS)
    return Request(prompt, decode, sample_prompt.sample, choices=letters, question=question.id)
