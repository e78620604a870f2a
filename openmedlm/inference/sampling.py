"""Sampling of one vote: request, parse, and the treatment of an unparsed completion."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from openmedlm.data import Question
from openmedlm.inference.caching_client import CachingClient
from openmedlm.inference.errors import EndpointError
from openmedlm.inference.policy import Policy
from openmedlm.inference.request import Completion, Request, make_keys
from openmedlm.metrics import CUT_OFF, ParsedAnswer, SampleMethod, Vote, parse_completion, split_thoughts
from openmedlm.programs.option_order import unshuffle_letter
from openmedlm.programs.prompt_program import PromptProgram, SamplePrompt
from openmedlm.programs.sampling_params import THINKING_TOKENS, SamplingParams

RESAMPLE_TEMPERATURE = 0.8
"""Temperature for resampling a greedy vote: the greedy request would return the same text again."""

CONSTRAINED_MAX_TOKENS = 16
"""Completion token limit of a constrained letter; it leaves space for the JSON that some endpoints wrap around it."""

CONTINUED_LEAD = "Answer:"
"""End of a message that the endpoint continues with the letter."""

LIMIT_FACTOR = 4
"""Factor of the token limit when a completion that was cut off is requested again."""

LONGER_MAX_TOKENS = CONSTRAINED_MAX_TOKENS + THINKING_TOKENS // LIMIT_FACTOR
"""Completion token limit of a constrained letter at an endpoint that ignores the constraint, or until thoughts end."""

FIRST_LETTER = "lone letter"
"""Rule of an answer that comes first in a completion."""


class PendingRequest(NamedTuple):
    """First request of one vote, with its prompt and its cache key."""

    sample_prompt: SamplePrompt
    request: Request
    key: str


def pending_requests(
    client: CachingClient, program: PromptProgram, question: Question, sample_prompts: Sequence[SamplePrompt]
) -> list[PendingRequest]:
    """Return the first request of each vote."""
    requests = [build_request(program, question, sample_prompt) for sample_prompt in sample_prompts]
    keys = make_keys(requests, client.identity)
    return [PendingRequest(*each) for each in zip(sample_prompts, requests, keys, strict=True)]


def build_request(program: PromptProgram, question: Question, sample_prompt: SamplePrompt, attempt: int = 0) -> Request:
    """Return the request of a vote; an attempt after the first (0) resamples it."""
    decode = program.decode
    if attempt and decode.greedy:
        decode = replace(decode, temperature=RESAMPLE_TEMPERATURE)
    seed = None if decode.greedy else program.sampling_seed(question, sample_prompt.sample, attempt)
    return Request(sample_prompt.prompt, decode, sample_prompt.sample, attempt, seed, question=question.id)


def parse(program: PromptProgram, sample_prompt: SamplePrompt, completion: Completion) -> ParsedAnswer:
    """Return the parsed answer of a completion, in the lettering that its prompt shows."""
    decode = program.decode
    # A model that thinks gets no stop texts, which would end its thoughts; they end its answer here.
    stop = () if decode.stop else program.template.style(program.reasoning).stop
    return _parse(
        completion.text,
        completion.reasoning,
        completion.finish_reason,
        tuple(sample_prompt.shown.options.items()),
        decode.thought_marks,
        stop,
        decode.thoughts_opened,
    )


def first_vote(program: PromptProgram, question: Question, pending: PendingRequest, completion: Completion) -> Vote:
    """Return the vote of a first completion; its letter is None if the completion has no parsed answer."""
    sample_prompt = pending.sample_prompt
    parsed = parse(program, sample_prompt, completion)
    return Vote(
        sample=sample_prompt.sample,
        letter=_unshuffled(parsed, question, sample_prompt),
        rule=parsed.rule,
        text=completion.text,
        order=sample_prompt.order,
        finish_reason=completion.finish_reason,
        calls=1,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        cached_tokens=completion.cached_tokens,
        cost_usd=completion.cost_usd,
        key=pending.key,
        reasoning=completion.reasoning,
        reasoning_tokens=completion.reasoning_tokens,
        seconds=completion.seconds,
    )


async def sample_vote(
    client: CachingClient,
    policy: Policy,
    program: PromptProgram,
    question: Question,
    pending: PendingRequest,
    siblings: Sequence[PendingRequest] = (),
) -> Vote:
    """Request one vote. If a request fails, the vote holds the error and the usage until then.

    A completion that is cut off inside its thoughts is requested once with tokens for thoughts, whatever the policy.
    No completion that was cut off is requested again with the same token limit.

    Args:
        client, policy: Source of completions, and treatment of an unparsed one.
        program, question, pending: The vote to request.
        siblings: Requests with the same prompt that are sent at the same time.

    Raises:
        EndpointDownError: The endpoint fails for every request.
    """
    sampler = _VoteSampler(client, program, question, pending.sample_prompt)
    try:
        await sampler.request_first(pending, {sibling.key: sibling.request for sibling in siblings})
        if policy.on_unparsed == "constrain" and sampler.vote.letter is None and await sampler.constrain():
            return sampler.vote
        if policy.on_unparsed != "skip":
            await sampler.resample(policy.max_resamples)
    except EndpointError as error:
        return replace(sampler.vote, failure=error.failure, error=str(error))
    return sampler.vote


class _VoteSampler:
    """Requests of one vote, one after another.

    Attributes:
        vote: The vote after the requests so far.
    """

    def __init__(
        self, client: CachingClient, program: PromptProgram, question: Question, sample_prompt: SamplePrompt
    ) -> None:
        self._client = client
        self._program = program
        self._question = question
        self._sample_prompt = sample_prompt
        self.vote = Vote(sample_prompt.sample, None, "unreadable", "", sample_prompt.order, cost_usd=0.0)

    async def request_first(self, pending: PendingRequest, siblings: Mapping[str, Request]) -> None:
        """Request the first completion, and one with tokens for thoughts if it is cut off inside them."""
        completion = await self._client.get(pending.key, pending.request, siblings)
        self.vote = first_vote(self._program, self._question, pending, completion)
        decode = self._program.decode
        if self.vote.letter is None and self.vote.rule == "truncated" and decode.thinking_tokens != 0:
            self._program = replace(self._program, decode=decode.for_thinking())
            await self._request_again(self._build(), "resampled")

    async def resample(self, max_resamples: int) -> None:
        """Sample again until the vote has a letter; a completion that was cut off gets a higher token limit."""
        while self.vote.letter is None and self.vote.calls <= max_resamples:
            if self.vote.finish_reason != CUT_OFF:
                await self._request_again(self._build(self.vote.calls), "resampled")
                continue
            decode = self._program.decode
            limit = min(LIMIT_FACTOR * decode.max_tokens, THINKING_TOKENS)
            if decode.thinking_tokens == 0 or limit <= decode.max_tokens:  # the user's limit, or one for thoughts
                return
            self._program = replace(self._program, decode=replace(decode, max_tokens=limit))
            await self._request_again(self._build(), "resampled")

    async def constrain(self) -> bool:
        """Request a letter that the endpoint constrains; return False if the endpoint refuses constraints.

        The thoughts of a model that thinks are closed first (s1's budget forcing, arXiv 2501.19393): the endpoint
        continues them after a closing mark. An endpoint that cannot continue a message gets them as text, with thinking
        off. If it goes on thinking, and so ignores the constraint until the thoughts end, the request is repeated with
        tokens for them.
        """
        free, finish_reason = self.vote, self.vote.finish_reason
        requests = closing_requests(
            self._program, self._question, self._sample_prompt, free, continues=self._client.endpoint.continues
        )
        for number, request in enumerate(requests, start=1):
            is_last = number == len(requests)
            try:
                await self._request_again(request, "constrained")
            except EndpointError as error:
                if error.refused_parameter is not None and is_last:
                    return False
                if error.transient or is_last:
                    raise
                continue
            cut_off = self.vote.finish_reason == CUT_OFF
            if cut_off and self.vote.rule != FIRST_LETTER:  # the constraint does not hold: these may be thoughts
                self.vote = replace(self.vote, letter=None, rule="truncated")
            self.vote = replace(
                self.vote,
                text=f"{free.text}\n\n{self.vote.text}",
                finish_reason=finish_reason,
                reasoning=free.reasoning,
            )
            if self.vote.letter is not None or not (cut_off or request.decode.thinking == "off"):
                break
        return True

    def _build(self, attempt: int = 0) -> Request:
        return build_request(self._program, self._question, self._sample_prompt, attempt)

    async def _request_again(self, request: Request, method: SampleMethod) -> None:
        """Add one more completion to the vote; its answer decides."""
        key = request.key(self._client.identity)
        completion = await self._client.get(key, request)
        parsed = parse(self._program, self._sample_prompt, completion)
        vote = self.vote
        self.vote = replace(
            vote,
            letter=_unshuffled(parsed, self._question, self._sample_prompt),
            rule=parsed.rule,
            text=completion.text,
            method=method,
            finish_reason=completion.finish_reason,
            calls=vote.calls + 1,
            prompt_tokens=vote.prompt_tokens + completion.prompt_tokens,
            completion_tokens=vote.completion_tokens + completion.completion_tokens,
            cached_tokens=vote.cached_tokens + completion.cached_tokens,
            cost_usd=_sum(vote.cost_usd, completion.cost_usd),
            key=key,
            reasoning=completion.reasoning,
            reasoning_tokens=_known_sum(vote.reasoning_tokens, completion.reasoning_tokens),
            seconds=vote.seconds + completion.seconds,
        )


def closing_requests(
    program: PromptProgram, question: Question, sample_prompt: SamplePrompt, vote: Vote, *, continues: bool
) -> list[Request]:
    """Return the requests that close a vote with a constrained letter, in the order in which they are tried.

    Args:
        program, question, sample_prompt, vote: Vote without a letter, and its prompt.
        continues: Whether the endpoint can continue the last message of a chat.
    """
    letters = tuple(sample_prompt.shown.options)
    split = split_thoughts(vote.text, program.decode.thought_marks)
    decode = program.decode
    cut_off = vote.rule == "truncated"
    all_thoughts = cut_off and decode.thoughts_opened and split.mark is None
    thoughts, answer = (vote.text, "") if all_thoughts else (vote.reasoning or split.thoughts, split.answer.strip())
    plain = SamplingParams(CONSTRAINED_MAX_TOKENS, extra_body=decode.extra_body, omit_params=decode.omit_params)
    if not thoughts and not cut_off:
        prompt = program.template.close(sample_prompt.prompt, vote.text, letters)
        request = Request(prompt, plain, sample_prompt.sample, choices=letters, question=question.id)
        return [request, request._replace(decode=replace(plain, max_tokens=LONGER_MAX_TOKENS))]
    off = replace(plain, thinking="off")
    written = f"{thoughts.rstrip()}\n\n{answer}".strip()
    prompt = program.template.close(sample_prompt.prompt, written, letters)
    requests = [Request(prompt, off, sample_prompt.sample, choices=letters, question=question.id)]
    if thoughts and continues and not isinstance(sample_prompt.prompt, str):
        closed = f"<think>\n{thoughts.strip()}\n</think>\n\n{answer}".rstrip()
        message = {"role": "assistant", "content": f"{closed}\n\n{CONTINUED_LEAD}"}
        requests.insert(0, requests[0]._replace(prompt=(*sample_prompt.prompt, message), continued=True))
    return [*requests, requests[-1]._replace(decode=replace(off, max_tokens=LONGER_MAX_TOKENS))]


def _sum(first: float | None, second: float | None) -> float | None:
    """Return the sum; None if either is unknown."""
    return None if first is None or second is None else first + second


def _known_sum(first: int | None, second: int | None) -> int | None:
    """Return the sum of those that are known; None if neither is."""
    return None if first is None and second is None else (first or 0) + (second or 0)


@lru_cache(maxsize=16_384)  # a search over programs meets the same completions many times
def _parse(
    text: str,
    reasoning: str,
    finish_reason: str | None,
    options: tuple[tuple[str, str], ...],
    thought_marks: tuple[str, ...],
    stop: tuple[str, ...],
    thoughts_opened: bool,
) -> ParsedAnswer:
    return parse_completion(
        text, reasoning, finish_reason, dict(options), thought_marks, stop, thoughts_opened=thoughts_opened
    )


def _unshuffled(parsed: ParsedAnswer, question: Question, sample_prompt: SamplePrompt) -> str | None:
    return parsed.letter and unshuffle_letter(parsed.letter, list(question.options), sample_prompt.order)
