"""Sampling parameters of a completion."""

from dataclasses import asdict, dataclass
from typing import Any

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
        omit_params: Parameters that are not sent, since the endpoint refuses them. Instead of `max_tokens`,
            `max_completion_tokens` is sent, unless it is omitted, too.

    Example:
        >>> SamplingParams(max_tokens=32).greedy
        True
    """

    max_tokens: int
    temperature: float = 0.0
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    omit_params: tuple[str, ...] = ()

    @property
    def greedy(self) -> bool:
        """True if the temperature is 0."""
        return self.temperature == 0.0

    def describe(self) -> dict[str, Any]:
        """Return the fields as JSON; without `omit_params` if it is empty, as earlier releases wrote them."""
        fields = asdict(self)
        if not self.omit_params:
            del fields["omit_params"]
        return fields
