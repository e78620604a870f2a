"""Fast embedder, for tests in which the meaning of vectors does not matter."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from openmedlm.programs.retrieval import Vectors


@dataclass
class Hashing:
    """Draw a text's vector by its hash, so that different texts differ in it, and record the texts of each call."""

    fingerprint: str = "hashing"
    dimension: int = 8
    fails_at: int | None = None
    calls: list[list[str]] = field(default_factory=list)
    name: str = "hashing"
    batch_size: int = 64

    @property
    def encoded(self) -> list[str]:
        return [text for call in self.calls for text in call]

    def encode(self, texts: Sequence[str]) -> Vectors:
        if len(self.calls) == self.fails_at:
            raise RuntimeError("out of memory")
        self.calls.append(list(texts))
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts]
        vectors = np.stack([np.random.default_rng(seed).normal(size=self.dimension) for seed in seeds])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
