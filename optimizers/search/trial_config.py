"""One point of the search space: a strategy with its choices."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from openmedlm.optimizers.program_config import WITHOUT_EXEMPLARS
from openmedlm.programs.retrieval.knn_exemplars import NEAREST_LAST, Order

DEFAULT = "default"
"""The strategy's own instructions, or the offline embedder."""

_BARE = {"few-shot": "zero-shot", "knn-few-shot": "zero-shot", "few-shot-cot": "cot", "knn-cot": "cot"}
"""What a strategy is without exemplars."""


@dataclass(frozen=True, slots=True, order=True)
class TrialConfig:
    """A strategy with its choices.

    Attributes:
        strategy: whose votes are counted; one of those that give a single answer.
        k: exemplars in the prompt.
        votes: the ensemble's size; 1 for a single answer.
        temperature: of every vote; 0.0 is greedy.
        top_p: nucleus size of every vote; None where decoding is greedy.
        shuffle: whether votes after the first show the options in another order.
        order: how nearest exemplars stand in the prompt.
        embedder: by which they are near (`openmedlm.programs.retrieval.find_embedder`), or `DEFAULT`.
        instructions: name of a variant (`openmedlm.optimizers.search.instructions`), or a text.
    """

    strategy: str
    k: int = 0
    votes: int = 1
    temperature: float = 0.0
    top_p: float | None = None
    shuffle: bool = False
    order: Order = NEAREST_LAST
    embedder: str = DEFAULT
    instructions: str = DEFAULT

    @property
    def nearest(self) -> bool:
        """Whether exemplars are those nearest to the question."""
        return self.strategy.startswith("knn")

    def canonical(self) -> "TrialConfig":
        """The same program with what has no bearing on it left at its default; equal programs become equal values."""
        point = self
        if point.strategy in WITHOUT_EXEMPLARS or not point.k:
            point = replace(point, strategy=_BARE.get(point.strategy, point.strategy), k=0)
        if not point.nearest:
            point = replace(point, embedder=DEFAULT)
        if not point.nearest or point.k == 1:
            point = replace(point, order=NEAREST_LAST)
        if point.temperature == 0:
            point = replace(point, top_p=None, votes=point.votes if point.shuffle else 1)
        if point.votes == 1:
            point = replace(point, shuffle=False)
        return point

    def sized(self, votes: int) -> "TrialConfig":
        """The same with an ensemble of another size; its votes are the first ones of a larger one."""
        return replace(self, votes=votes).canonical()

    def as_json(self) -> dict[str, Any]:
        """The fields as plain JSON values."""
        return asdict(self)

    def label(self) -> str:
        """In a few words, as a table shows it: `knn-cot k=5 x7 T=0.6 top_p=0.9 shuffled`."""
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
        return " ".join(words)
