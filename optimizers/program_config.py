"""What may be chosen of a program, beyond its strategy."""

from dataclasses import dataclass

from openmedlm.programs.registry import STRATEGIES, WITHOUT_EXEMPLARS
from openmedlm.programs.retrieval import Kind
from openmedlm.programs.retrieval.knn_exemplars import NEAREST_LAST, Order
from openmedlm.programs.template import CHAT, Template

__all__ = ["STRATEGIES", "WITHOUT_EXEMPLARS", "ProgramConfig"]


@dataclass(frozen=True, slots=True)
class ProgramConfig:
    """What may be chosen of a program, beyond its strategy.

    Attributes:
        k: exemplars in the prompt.
        votes: an ensemble's size.
        member: the strategy whose votes an ensemble counts.
        shuffle: whether an ensemble's votes after the first show the options in another order.
        temperature, top_p, top_k, max_tokens: in place of the strategy's own; None keeps those.
        template: how prompts are put together.
        embedder: as `openmedlm.programs.retrieval.find_embedder` takes it; None takes the offline default.
        embedder_api_base: address of a `litellm:` embedder.
        index: how nearest exemplars are found.
        balance: whether the answer letters of nearest exemplars are spread evenly.
        order: whether the nearest exemplar stands last, next to the question, or first.
        instructions: in place of the strategy's own; None keeps those.
        seed: of exemplars, orders and samples.
    """

    k: int = 5
    votes: int = 5
    member: str = "knn-cot"
    shuffle: bool = True
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    template: Template = CHAT
    embedder: str | None = None
    embedder_api_base: str | None = None
    index: Kind = "exact"
    balance: bool = True
    order: Order = NEAREST_LAST
    instructions: str | None = None
    seed: int = 0
