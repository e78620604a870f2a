"""What a run would cost, before anything is spent."""

from dataclasses import asdict, dataclass
from typing import Any

from openmedlm.inference import CompletionCache, Endpoint
from openmedlm.inference.sampling import build_request
from openmedlm.programs import Prompt
from openmedlm.runs.plan import Plan

CHARACTERS_A_TOKEN = 4
"""English text in the tokenizers of current models; vignettes come out within a fifth of the truth."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one program would cost.

    Attributes:
        program: its name.
        calls: completions of a run in which every answer can be read and every vote is needed.
        stored: those of them that lie in the vote store and cost nothing again.
        prompt_tokens: of the calls that would be bought, by their length in characters.
        completion_tokens: at most, by the limit of each call.
        cost_usd: US dollars at most, by litellm's price map; 0 for one's own server, None where no price is known.
    """

    program: str
    calls: int
    stored: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def estimate(plan: Plan) -> list[Estimate]:
    """The cost of each program of a plan; nothing is called and nothing started."""
    with CompletionCache(plan.store) as store:
        return [_estimate(plan, name, store) for name in plan.programs]


def _estimate(plan: Plan, name: str, store: CompletionCache) -> Estimate:
    program = plan.programs[name]
    calls = stored = characters = 0
    for question, selection in zip(plan.questions, program.exemplars.choose(plan.questions), strict=True):
        for sample_prompt in program.sample_prompts(question, selection.exemplars):
            calls += 1
            if store.get(build_request(program, question, sample_prompt).key(plan.endpoint.identity)):
                stored += 1
            else:
                characters += length(sample_prompt.prompt)
    prompt_tokens = characters // CHARACTERS_A_TOKEN
    completion_tokens = (calls - stored) * program.decode.max_tokens
    return Estimate(
        name, calls, stored, prompt_tokens, completion_tokens, price(plan.endpoint, prompt_tokens, completion_tokens)
    )


def length(prompt: Prompt) -> int:
    """Characters of a prompt."""
    return len(prompt) if isinstance(prompt, str) else sum(len(message["content"]) for message in prompt)


def price(endpoint: Endpoint, prompt_tokens: int, completion_tokens: int) -> float | None:
    """US dollars; 0 for one's own server, None where no price is known."""
    if endpoint.free or not (prompt_tokens or completion_tokens):
        return 0.0
    from openmedlm.inference.clients.litellm import prices

    known = prices(endpoint.model)
    return None if known is None else prompt_tokens * known.prompt + completion_tokens * known.completion
