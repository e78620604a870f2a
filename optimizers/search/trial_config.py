"""One point of the search space: a strategy with its options."""

from dataclasses import asdict, astuple, dataclass, replace
from typing import Any

from openmedlm.programs.registry import WITHOUT_EXEMPLARS
from openmedlm.programs.retrieval.knn_exemplars import NEAREST_LAST, ExemplarOrder
from openmedlm.programs.sampling_params import Thinking

DEFAULT = "default"
"""The strategy's own instructions, or the offline embedder."""

THINKING_DEFAULTS: dict[str, Any] = {"thinking": DEFAULT, "thinking_tokens": None}
"""Parameters that release 0.1.0 did not have; its studies have them at these values."""

_WITHOUT_EXEMPLARS_OF = {
    "few-shot": "zero-shot",
    "knn-few-shot": "zero-shot",
    "few-shot-cot": "cot",
    "knn-cot": "cot",
}
"""The strategy that is left of another one without exemplars."""


@dataclass(frozen=True, slots=True)
class TrialConfig:
    """A strategy with its options.

    Attributes:
        strategy: Strategy whose votes are counted; one that gives a single answer.
        k: Number of exemplars in the prompt.
        votes: Ensemble size; 1 for a single answer.
        temperature: Sampling temperature of every vote; 0.0 is greedy.
        top_p: Nucleus size of every vote; None for greedy decoding.
        shuffle: Show the options in another order in every vote after the first.
        order: Position of the nearest exemplar in the prompt.
        embedder: Name as in `openmedlm.programs.retrieval.find_embedder`, or `DEFAULT`.
        instructions: Name of a variant (`openmedlm.optimizers.search.instructions`), or a text.
        thinking: Thinking that is requested; `default` is that of the program's other options.
        thinking_tokens: Tokens for thoughts besides those of the answer; None is that of the program's other options.

    Example:
        >>> from openmedlm.optimizers import TrialConfig
        >>> TrialConfig("knn-cot", k=5, votes=7, temperature=0.6, top_p=0.9).label()
        'knn-cot k=5 ×7 T=0.6 top_p=0.9'
    """

    strategy: str
    k: int = 0
    votes: int = 1
    temperature: float = 0.0
    top_p: float | None = None
    shuffle: bool = False
    order: ExemplarOrder = NEAREST_LAST
    embedder: str = DEFAULT
    instructions: str = DEFAULT
    thinking: Thinking = "default"
    thinking_tokens: int | None = None

    def __lt__(self, other: "TrialConfig") -> bool:
        return self._rank() < other._rank()

    @property
    def retrieves(self) -> bool:
        """True if the exemplars are those nearest to the question."""
        return self.strategy.startswith("knn")

    def canonical(self) -> "TrialConfig":
        """Return the same program with irrelevant options at their defaults: equal programs become equal values."""
        point = self
        if point.strategy in WITHOUT_EXEMPLARS or not point.k:
            point = replace(point, strategy=_WITHOUT_EXEMPLARS_OF.get(point.strategy, point.strategy), k=0)
        if not point.retrieves:
            point = replace(point, embedder=DEFAULT)
        if not point.retrieves or point.k == 1:
            point = replace(point, order=NEAREST_LAST)
        if point.temperature == 0:
            point = replace(point, top_p=None, votes=point.votes if point.shuffle else 1)
        if point.votes == 1:
            point = replace(point, shuffle=False)
        if point.thinking == "off":
            point = replace(point, thinking_tokens=None)
        return point

    def with_size(self, votes: int) -> "TrialConfig":
        """Return the same configuration at another ensemble size; its votes are the first ones of a larger ensemble."""
        return replace(self, votes=votes).canonical()

    def as_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON values; those of `THINKING_DEFAULTS` only if they differ from them."""
        values = asdict(self)
        return {name: value for name, value in values.items() if value != THINKING_DEFAULTS.get(name, ...)}

    def label(self) -> str:
        """Return a short description for tables, such as `knn-cot k=5 ×7 T=0.6 top_p=0.9 shuffled`."""
        words = [self.strategy]
        if self.k:
            words.append(f"k={self.k}")
        if self.votes > 1:
            words.append(f"×{self.votes}")
        if self.temperature:
            words.append(f"T={self.temperature:g}")
        if self.top_p is not None:
            words.append(f"top_p={self.top_p:g}")
        if self.shuffle:
            words.append("shuffled")
        if self.order != NEAREST_LAST:
            words.append(self.order)
        if self.embedder != DEFAULT:
            words.append(self.embedder)
        if self.instructions != DEFAULT:
            words.append(f"“{self.instructions[:24]}”")
        if self.thinking != DEFAULT:
            words.append(f"thinking={self.thinking}")
        if self.thinking_tokens is not None:
            words.append(f"thinking_tokens={self.thinking_tokens}")
        return " ".join(words)

    def _rank(self) -> tuple[Any, ...]:
        return tuple(-1 if value is None else value for value in astuple(self))
