"""sentence-transformers models, from a directory or from the hub."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from programs.neighbours.embedder import Vectors
from programs.neighbours.hub_revision import HubRevision, find_revision, hub_online
from programs.neighbours.unusable import unusable

_NO_PART = (".md", ".lock", "")
"""Endings of files in a model's directory that its vectors don't depend on."""


class SentenceEmbedder:
    """A sentence-transformers model, loaded when the first text is encoded. Code that it brings is never run.

    Args:
        source: the path of its directory, or its name on the hub, as `find_revision` takes it.
        name: what `find_embedder` takes for it, where that is not the source.

    Raises:
        BadInput: at first use, where the source is no model or the hub is out of reach.
    """

    def __init__(self, source: str, name: str | None = None) -> None:
        self.source = source
        self.name = name or source

    @cached_property
    def fingerprint(self) -> str:
        """`sha256:…` over the files where the model is a directory; NAME@COMMIT where it comes from the hub."""
        return _digest(Path(self.source)) if self._revision is None else str(self._revision)

    def encode(self, texts: Sequence[str]) -> Vectors:
        # One text at a time: padding moves a vector by 2e-7, so that otherwise it would depend on its neighbours in the
        # batch. On a CPU that costs nothing for vignettes, and a third to a half of the speed for one-line questions.
        vectors = self._model.encode(
            list(texts), batch_size=1, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32)

    @cached_property
    def _revision(self) -> HubRevision | None:
        return None if Path(self.source).is_dir() else find_revision(self.source)

    @cached_property
    def _model(self) -> Any:
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        revision = self._revision
        try:
            return SentenceTransformer(
                self.source if revision is None else revision.repository,
                revision=None if revision is None else revision.commit,
                local_files_only=revision is None or not hub_online(),
                trust_remote_code=False,
                device="cpu",
            )
        except Exception as error:  # what lies below raises errors of half a dozen libraries, without a common base
            raise unusable(self.name, error) from error


def _digest(directory: Path) -> str:
    """sha256 over the paths and contents of a model's files; hidden ones are tools' own notes, which differ by copy."""
    digest = hashlib.sha256()
    for path in sorted(file.relative_to(directory) for file in directory.rglob("*") if file.is_file()):
        if path.suffix in _NO_PART or any(part.startswith(".") for part in path.parts):
            continue
        with (directory / path).open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
        digest.update(path.as_posix().encode() + b"\0" + content)
    return f"sha256:{digest.hexdigest()}"
