"""Sampling of one vote: request, parse, and the treatment of an unparsed completion."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from openmedlm.data import Question
from openmedlm.inference.caching_client import CachingClient
from openmedlm.inference.errors import EndpointError
from openmedlm.inference.policy import Policy
from openmedlm.inference.request import Completion, Request, make_keys
from openmedlm.metrics import ParsedAnswer, SampleMethod, Vote, parse_answer
from openmedlm.programs.option_order import unshuffle_letter
from openmedlm.programs.prompt_program import PromptProgram, SamplePrompt
from openmedlm.programs.sampling_params import SamplingParams

RESAMPLE_TEMPERATURE = 0.8
"""Temperature for resampling a greedy vote: the greedy request would return the same text again."""

CONSTRAINED_MAX_TOKENS = 16
"""Completion token limit of a constrained letter; it leaves space for the JSON that some endpoints wrap around it."""


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


def first_vote(question: Question, pending: PendingRequest, completion: Completion) -> Vote:
    """Return the vote of a first completion; its letter is None if the completion has no parsed answer."""
    sample_prompt = pending.sample_prompt
    parsed = _parse(completion.text, tuple(sample_prompt.shown.options.items()))
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

    Args:
        client, policy: Source of completions, and treatment of an unparsed one.
        program, question, pending: The vote to request.
        siblings: Requests with the same prompt that are sent at the same time.

    Raises:
        EndpointDownError: The endpoint fails for every request.
    """
    sample_prompt = pending.sample_prompt
    vote = Vote(sample_prompt.sample, None, "unreadable", "", sample_prompt.order, cost_usd=0.0)
    try:
        others = {sibling.key: sibling.request for sibling in siblings}
        vote = first_vote(question, pending, await client.get(pending.key, pending.request, others))
        if policy.on_unparsed == "resample":
            while vote.letter is None and vote.calls <= policy.max_resamples:
                request = build_request(program, question, sample_prompt, vote.calls)
                vote = await _request_again(client, question, sample_prompt, vote, request, "resampled")
        elif policy.on_unparsed == "constrain" and vote.letter is None:
            request = _constrained_request(program, question, sample_prompt, vote.text)
            vote = await _request_again(client, question, sample_prompt, vote, request, "constrained")
    except EndpointError as error:
        return replace(vote, failure=error.failure, error=str(error))
    return vote


async def _request_again(
    client: CachingClient,
    question: Question,
    sample_prompt: SamplePrompt,
    vote: Vote,
    request: Request,
    method: SampleMethod,
) -> Vote:
    """Return the vote with one more completion, whose answer decides."""
    key = request.key(client.identity)
    completion = await client.get(key, request)
    parsed = _parse(completion.text, tuple(sample_prompt.shown.options.items()))
    constrained = method == "constrained"
    cost_usd = None
    if vote.cost_usd is not None and completion.cost_usd is not None:
        cost_usd = vote.cost_usd + completion.cost_usd
    return replace(
        vote,
        letter=_unshuffled(parsed, question, sample_prompt),
        rule=parsed.rule,
        text=f"{vote.text}\n\n{completion.text}" if constrained else completion.text,
        method=method,
        finish_reason=vote.finish_reason if constrained else completion.finish_reason,
        calls=vote.calls + 1,
        prompt_tokens=vote.prompt_tokens + completion.prompt_tokens,
        completion_tokens=vote.completion_tokens + completion.completion_tokens,
        cached_tokens=vote.cached_tokens + completion.cached_tokens,
        cost_usd=cost_usd,
        key=key,
        seconds=vote.seconds + completion.seconds,
    )


def _constrained_request(program: PromptProgram, question: Question, sample_prompt: SamplePrompt, text: str) -> Request:
    letters = tuple(sample_prompt.shown.options)
    prompt = program.template.close(sample_prompt.prompt, text, letters)
    decode = SamplingParams(max_tokens=CONSTRAINED_MAX_TOKENS)
    return Request(prompt, decode, sample_prompt.sample, choices=letters, question=question.id)


@lru_cache(maxsize=16_384)  # a search over programs meets the same completions many times
def _parse(text: str, options: tuple[tuple[str, str], ...]) -> ParsedAnswer:
    return parse_answer(text, dict(options))


def _unshuffled(parsed: ParsedAnswer, question: Question, sample_prompt: SamplePrompt) -> str | None:
    return parsed.letter and unshuffle_letter(parsed.letter, list(question.options), sample_prompt.order)
