"""How a completion is sampled."""

from dataclasses import dataclass

DIRECT_TOKENS = 32
"""Room for a direct answer: a letter, and the half sentence that chat models wrap it in."""

REASONING_TOKENS = 500
"""Room for reasoning: the limit in the OpenMedLM authors' code."""


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """Decode parameters, as every OpenAI-compatible endpoint names them.

    Attributes:
        max_tokens: most tokens of one completion.
        temperature: 0.0 is greedy.
        top_p: nucleus size; None leaves it to the endpoint.
        top_k: None leaves it to the endpoint; few endpoints outside vLLM and llama.cpp take it.
        stop: texts that end the completion.
    """

    max_tokens: int
    temperature: float = 0.0
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()

    @property
    def greedy(self) -> bool:
        return self.temperature == 0.0
