"""Options of a program besides its strategy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from openmedlm.programs.retrieval import IndexKind
from openmedlm.programs.retrieval.knn_exemplars import NEAREST_LAST, ExemplarOrder
from openmedlm.programs.sampling_params import Sampling, Thinking
from openmedlm.programs.template import CHAT, Template


@dataclass(frozen=True, slots=True)
class ProgramConfig:
    """Options of a program besides its strategy.

    Attributes:
        k: Number of exemplars in the prompt.
        votes: Ensemble size.
        member: Strategy whose votes an ensemble counts.
        shuffle: Show the options in another order in every vote of an ensemble after the first.
        temperature, top_p, top_k, max_tokens: Override the strategy's own sampling parameters; None keeps those.
        sampling, thinking, thinking_tokens, extra_body, omit_params, thought_marks: Other request parameters; see
            `openmedlm.programs.SamplingParams`.
        template: Prompt template.
        embedder: Name as in `openmedlm.programs.retrieval.find_embedder`; None is the offline default.
        embedder_api_base: Address of a `litellm:` embedder.
        index: Search method for the nearest exemplars.
        balance: Spread the answer letters of nearest exemplars evenly.
        order: Position of the nearest exemplar: last, next to the question, or first.
        instructions: Override the strategy's own; None keeps those.
        seed: Seed of exemplars, option orders and samples.

    Example:
        >>> from openmedlm.optimizers import ProgramConfig
        >>> ProgramConfig(k=3, temperature=0.6).k
        3
    """

    k: int = 5
    votes: int = 5
    member: str = "knn-cot"
    shuffle: bool = True
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    sampling: Sampling = "auto"
    thinking: Thinking = "default"
    thinking_tokens: int | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict, hash=False)
    omit_params: tuple[str, ...] = ()
    thought_marks: tuple[str, ...] = ()
    template: Template = CHAT
    embedder: str | None = None
    embedder_api_base: str | None = None
    index: IndexKind = "exact"
    balance: bool = True
    order: ExemplarOrder = NEAREST_LAST
    instructions: str | None = None
    seed: int = 0
