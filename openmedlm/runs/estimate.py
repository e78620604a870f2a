"""Estimated cost of requests, before any is sent."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from openmedlm.data import Question
from openmedlm.inference import CompletionCache, Endpoint
from openmedlm.inference.request import Request
from openmedlm.inference.sampling import build_request
from openmedlm.inference.thinking import FIRST_QUESTIONS, detection_programs
from openmedlm.inference.thought_signs import thought_mark
from openmedlm.metrics import CUT_OFF
from openmedlm.programs import Exemplar, PromptProgram
from openmedlm.programs.prompt_length import count_characters, to_tokens
from openmedlm.runs.plan import Plan


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimated cost of some requests, without retries.

    Attributes:
        calls: Number of requests, cached ones included.
        cached: Number of requests whose completion is in the cache already.
        prompt_tokens: Input tokens, estimated from the length in characters.
        completion_tokens: Output tokens at most: the token limit of every request.
        cost_usd: Cost in US dollars at most, by litellm's price map; 0 for a local server, None if no price is known.
        completion_tokens_if_thinking: Further output tokens at most if the model thinks; None if that is known, so that
            `completion_tokens` includes the thoughts, or the model does not think.
    """

    calls: int
    cached: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    completion_tokens_if_thinking: int | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def estimate(
    requests: Iterable[Request],
    endpoint: Endpoint,
    cache: CompletionCache,
    thinks: bool | None,
    *,
    count_cached: bool = False,
) -> Estimate:
    """Estimate tokens and cost of requests; nothing is sent.

    Args:
        requests: Requests of one job, in any order; read once.
        endpoint: Model that would answer.
        cache: Completions of earlier jobs.
        thinks: Whether the model thinks; None if that is not known.
        count_cached: Count the tokens and the cost of cached requests too.
    """
    calls = cached = characters = completion_tokens = thoughts = 0
    for request in requests:
        calls += 1
        is_cached = cache.get(request.key(endpoint.identity)) is not None
        cached += is_cached
        if count_cached or not is_cached:
            characters += count_characters(request.prompt)
            completion_tokens += request.decode.max_tokens
            thoughts += request.decode.for_thinking().max_tokens - request.decode.max_tokens
    prompt_tokens = to_tokens(characters)
    cost = price(endpoint, prompt_tokens, completion_tokens)
    return Estimate(
        calls, cached, prompt_tokens, completion_tokens, cost, (thoughts or None) if thinks is None else None
    )


def estimate_plan(plan: Plan) -> dict[str, Estimate]:
    """Estimate each program of a plan, by name; nothing is sent or started."""
    with CompletionCache(plan.calls.store) as cache:
        return {
            name: estimate_program(program, plan.questions, plan.calls.endpoint, cache)
            for name, program in plan.programs.items()
        }


def estimate_program(
    program: PromptProgram, questions: Sequence[Question], endpoint: Endpoint, cache: CompletionCache
) -> Estimate:
    """Estimate the requests of a program, with tokens for thoughts if the model is known to think."""
    thinks = expect_thoughts(program, questions, endpoint, cache)
    return estimate(program_requests(with_thinking_tokens(program, thinks), questions), endpoint, cache, thinks)


def with_thinking_tokens(program: PromptProgram, thinks: bool | None) -> PromptProgram:
    """Return the program as a model is asked that thinks, if it is known to."""
    return replace(program, decode=program.decode.for_thinking()) if thinks else program


def expect_thoughts(
    program: PromptProgram, questions: Sequence[Question], endpoint: Endpoint, cache: CompletionCache
) -> bool | None:
    """Return whether the model thinks, by the program and its cached completions; None if they do not show it.

    A model whose thinking is turned off is taken not to think, unless a completion shows the contrary.
    """
    if not endpoint.may_think:
        return False
    if program.decode.asks_for_thinking:
        return True
    first = questions[:FIRST_QUESTIONS]
    shown = [
        _show_thoughts(program, question, retrieved.exemplars, endpoint, cache)
        for question, retrieved in zip(first, program.exemplars.choose(first), strict=True)
    ]
    if any(shown):
        return True
    unknown = not shown or None in shown
    return None if unknown and program.decode.thinking != "off" else False


def _show_thoughts(
    program: PromptProgram,
    question: Question,
    exemplars: Sequence[Exemplar],
    endpoint: Endpoint,
    cache: CompletionCache,
) -> bool | None:
    """Return whether the cached first completions of a question show thoughts; None if one is missing."""
    sample_prompt = program.sample_prompts(question, exemplars)[0]
    for asked in (program, *detection_programs(program)):
        completion = cache.get(build_request(asked, question, sample_prompt).key(endpoint.identity))
        if completion is None:
            return None
        if thought_mark(completion, program.decode.thought_marks) is not None:
            return True
        if completion.finish_reason != CUT_OFF:
            return False
    return False


def describe_thoughts(tokens: int, where: str = "") -> str:
    """Describe the further output tokens of a model that thinks."""
    return f"Further output tokens{where and ' '}{where} if the model thinks (maximum): {tokens:,}"


def program_requests(program: PromptProgram, questions: Sequence[Question]) -> Iterator[Request]:
    """Yield the first request of every vote of every question."""
    for question, retrieved in zip(questions, program.exemplars.choose(questions), strict=True):
        for sample_prompt in program.sample_prompts(question, retrieved.exemplars):
            yield build_request(program, question, sample_prompt)


def price(endpoint: Endpoint, prompt_tokens: int, completion_tokens: int) -> float | None:
    """Return the price in US dollars; 0 for a local server, None if no price is known."""
    if endpoint.free or not (prompt_tokens or completion_tokens):
        return 0.0
    from openmedlm.inference.clients.litellm import prices

    known = prices(endpoint.model)
    return None if known is None else prompt_tokens * known.prompt + completion_tokens * known.completion
