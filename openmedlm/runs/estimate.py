"""Estimated cost of requests, before any is sent."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from openmedlm.data import Question
from openmedlm.inference import CompletionCache, Endpoint
from openmedlm.inference.request import Request
from openmedlm.inference.sampling import build_request
from openmedlm.programs import PromptProgram
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
    """

    calls: int
    cached: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def estimate(
    requests: Iterable[Request], endpoint: Endpoint, cache: CompletionCache, *, count_cached: bool = False
) -> Estimate:
    """Estimate tokens and cost of requests; nothing is sent.

    Args:
        requests: Requests of one job, in any order; read once.
        endpoint: Model that would answer.
        cache: Completions of earlier jobs.
        count_cached: Count the tokens and the cost of cached requests too.
    """
    calls = cached = characters = completion_tokens = 0
    for request in requests:
        calls += 1
        is_cached = cache.get(request.key(endpoint.identity)) is not None
        cached += is_cached
        if count_cached or not is_cached:
            characters += count_characters(request.prompt)
            completion_tokens += request.decode.max_tokens
    prompt_tokens = to_tokens(characters)
    return Estimate(calls, cached, prompt_tokens, completion_tokens, price(endpoint, prompt_tokens, completion_tokens))


def estimate_plan(plan: Plan) -> dict[str, Estimate]:
    """Estimate each program of a plan, by name; nothing is sent or started."""
    with CompletionCache(plan.calls.store) as cache:
        return {
            name: estimate(program_requests(program, plan.questions), plan.calls.endpoint, cache)
            for name, program in plan.programs.items()
        }


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
