"""The embedder that a frozen program was made with, and no other."""

from collections.abc import Sequence
from functools import cached_property

from openmedlm.data import UserError
from openmedlm.programs.retrieval import Embedder, Vectors, find_embedder
from openmedlm.programs.retrieval.registry import LITELLM


def lasting_name(embedder: Embedder) -> str:
    """What finds this very embedder again: its fingerprint, which is a pinned name, unless that is over files."""
    return embedder.name if embedder.fingerprint.startswith("sha256:") else embedder.fingerprint


class PinnedEmbedder:
    """Found when the first text is embedded, and refused where it is not the one that made the exemplars' vectors.

    Args:
        name: what finds it.
        fingerprint: what it must have.
        found_by: another name to find it by, such as the path where it lies on this machine.
    """

    def __init__(self, name: str, fingerprint: str, found_by: str | None = None) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self._found_by = found_by or name
        self._named_by_user = found_by is not None

    @property
    def together(self) -> int:
        return self._embedder.together

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One unit vector for each text.

        Raises:
            UserError: the embedder is not here, or is another one.
        """
        return self._embedder.encode(texts)

    @cached_property
    def _embedder(self) -> Embedder:
        if self.name.startswith(LITELLM) and not self._named_by_user:
            # Whoever made the program chose this name: followed by itself, it would have a stranger's server sent the
            # user's questions, and the key that the environment holds.
            raise UserError(
                f"this program's questions are embedded by the service {self.name!r}, which is called only where you "
                f"name it yourself: give --embedder {self.name} if you trust that address with your key"
            )
        embedder = find_embedder(self._found_by)
        if embedder.fingerprint != self.fingerprint:
            raise UserError(
                f"the embedder {self._found_by!r} is not the one that this program was frozen with (its fingerprint is "
                f"{embedder.fingerprint}, and {self.fingerprint} is due); name that one with --embedder"
            )
        return embedder
