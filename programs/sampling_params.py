"""Sampling parameters of a completion."""

from dataclasses import dataclass

DIRECT_TOKENS = 32
"""Token limit of a direct answer: a letter, and the half sentence that chat models wrap it in."""

REASONING_TOKENS = 500
"""Token limit of a reasoned answer: the limit in the OpenMedLM authors' code."""


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """Sampling parameters, named as every OpenAI-compatible endpoint names them.

    Attributes:
        max_tokens: Maximum tokens of one completion.
        temperature: Sampling temperature; 0.0 is greedy.
        top_p: Nucleus size; None leaves it to the endpoint.
        top_k: Number of candidate tokens; None leaves it to the endpoint. Few endpoints except vLLM and llama.cpp
            accept it.
        stop: Texts that end the completion.

    Example:
        >>> SamplingParams(max_tokens=32).greedy
        True
    """

    max_tokens: int
    temperature: float = 0.0
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()

    @property
    def greedy(self) -> bool:
        """True if the temperature is 0."""
        return self.temperature == 0.0
