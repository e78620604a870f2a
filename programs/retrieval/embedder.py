"""What turns texts into vectors, whatever is behind it."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Maps texts to unit vectors, so that an inner product is a cosine."""

    @property
    def name(self) -> str:
        """What `find_embedder` takes to get the same one back."""

    @property
    def fingerprint(self) -> str:
        """Equal only for embedders that give equal vectors."""

    @property
    def together(self) -> int:
        """How many texts it is best given at once; they are kept at once too, so that a kill loses no more."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row of length 1 for each text, of which there is at least one."""
