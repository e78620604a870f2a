"""Embedder of a frozen program, checked by its fingerprint."""

from collections.abc import Sequence
from functools import cached_property

from openmedlm.data import UserError
from openmedlm.programs.retrieval import Embedder, Vectors, find_embedder
from openmedlm.programs.retrieval.registry import LITELLM_PREFIX


def stable_name(embedder: Embedder) -> str:
    """Return a name that finds the same embedder again: its fingerprint, or its name if that is a digest of files."""
    return embedder.name if embedder.fingerprint.startswith("sha256:") else embedder.fingerprint


class PinnedEmbedder:
    """An embedder that is loaded for the first text, and rejected if it did not make the exemplars' vectors.

    Args:
        name: Name for `find_embedder`.
        fingerprint: Required fingerprint.
        found_by: Another name for `find_embedder`, such as the path of the model on this machine.
    """

    def __init__(self, name: str, fingerprint: str, found_by: str | None = None) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self._found_by = found_by or name
        self._named_by_user = found_by is not None

    @property
    def batch_size(self) -> int:
        """Best number of texts per call."""
        return self._embedder.batch_size

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text.

        Raises:
            UserError: The embedder is not installed, or it is another one.
        """
        return self._embedder.encode(texts)

    @cached_property
    def _embedder(self) -> Embedder:
        if self.name.startswith(LITELLM_PREFIX) and not self._named_by_user:
            # The author of the program chose this name. Used without the user's consent, it would send the user's
            # questions and API key to an unknown server.
            raise UserError(
                f"the program's embedder is a remote service: {self.name!r}. It gets your questions and API key. If "
                f"you trust it, set --embedder {self.name}."
            )
        embedder = find_embedder(self._found_by)
        if embedder.fingerprint != self.fingerprint:
            raise UserError(
                f"wrong embedder for this program: {self._found_by!r} has the fingerprint {embedder.fingerprint} "
                f"instead of {self.fingerprint}. Set the original one with --embedder."
            )
        return embedder
