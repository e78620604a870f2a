"""Request parameters of a completion."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

DIRECT_TOKENS = 32
"""Token limit of a direct answer: a letter, and the half sentence that chat models wrap it in."""

REASONING_TOKENS = 500
"""Token limit of a reasoned answer: the limit in the OpenMedLM authors' code."""

THINKING_TOKENS = 8192
"""Tokens that a model which thinks gets besides the limit of its answer."""

Sampling = Literal["auto", "program", "model"]
"""Source of temperature, top_p and top_k: the program, or the model's own generation config on the server.

`auto` is the model for a model that is seen to think, and the program for any other: models that think must not be
decoded greedily (model cards of Qwen3 and DeepSeek-R1).
"""

Thinking = Literal["default", "off", "on", "low", "medium", "high"]
"""Thinking that a request asks for; `default` sends nothing about it."""


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """Request parameters of a completion, named as every OpenAI-compatible endpoint names them.

    Attributes:
        max_tokens: Maximum tokens of one completion.
        temperature: Sampling temperature; 0.0 is greedy.
        top_p: Nucleus size; None leaves it to the endpoint.
        top_k: Number of candidate tokens; None leaves it to the endpoint. Few endpoints except vLLM and llama.cpp
            accept it.
        stop: Texts that end the completion.
        sampling: Source of temperature, top_p and top_k.
        thinking: Thinking that the request asks for.
        thinking_tokens: Tokens besides `max_tokens` for a completion that thinks. None is `THINKING_TOKENS` once the
            model is seen to think.
        extra_body: Further fields of the request body.
        omit_params: Names of fields that are not sent. Without `max_tokens`, `max_completion_tokens` is sent instead,
            unless that is named, too.
        thought_marks: Marks of thoughts besides the known ones, each as `OPEN…CLOSE`.
        thoughts_opened: Whether the chat template opens the thoughts, so that a completion that is cut off without a
            closing mark is all thoughts.

    Raises:
        ValueError: The extra body holds the model, the messages, the prompt, `n` or `stream`.

    Example:
        >>> SamplingParams(max_tokens=32).greedy
        True
    """

    max_tokens: int
    temperature: float = 0.0
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    sampling: Sampling = "auto"
    thinking: Thinking = "default"
    thinking_tokens: int | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict, hash=False)
    omit_params: tuple[str, ...] = ()
    thought_marks: tuple[str, ...] = ()
    thoughts_opened: bool = False

    def __post_init__(self) -> None:
        fixed = sorted(_FIXED_FIELDS & self.extra_body.keys())
        if fixed:
            raise ValueError(f"{', '.join(fixed)} in the extra body: the program sets that. Leave it out.")

    @property
    def greedy(self) -> bool:
        """True if the request asks for greedy decoding."""
        return self.temperature == 0.0 and self.sampling != "model"

    @property
    def asks_for_thinking(self) -> bool:
        """True if the request turns thinking on; the model is then taken to think."""
        return self.thinking not in ("default", "off")

    def for_thinking(self) -> Self:
        """Return the parameters for a model that thinks.

        The token limit includes `thinking_tokens`, the model's generation config decides about sampling unless
        `sampling` is `program`, and no text stops the completion: it would stop inside the thoughts.
        """
        extra = THINKING_TOKENS if self.thinking_tokens is None else self.thinking_tokens
        sampling: Sampling = "program" if self.sampling == "program" else "model"
        return replace(self, max_tokens=self.max_tokens + extra, thinking_tokens=0, sampling=sampling, stop=())

    def describe(self) -> dict[str, Any]:
        """Return the parameters as plain JSON values.

        Those that release 0.1.0 did not have are left out at their defaults, so that digests and cache keys of its
        programs stay equal.
        """
        values = asdict(self)
        return {name: value for name, value in values.items() if name not in _DEFAULTS or value != _DEFAULTS[name]}


_FIXED_FIELDS = frozenset({"model", "messages", "prompt", "n", "stream"})
"""Fields of a request body that no extra body may replace."""

_DEFAULTS: Mapping[str, Any] = {
    "sampling": "auto",
    "thinking": "default",
    "thinking_tokens": None,
    "extra_body": {},
    "omit_params": (),
    "thought_marks": (),
    "thoughts_opened": False,
}
