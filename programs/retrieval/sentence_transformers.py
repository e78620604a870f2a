"""sentence-transformers models, from a directory or the hub."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from openmedlm.programs.retrieval.embedder import Vectors, unusable_embedder
from openmedlm.programs.retrieval.hub_revision import HubRevision, find_revision, hub_online

_PADDING_MULTIPLE = 8
"""Token counts are padded to a multiple of this.

Padding moves a vector by 2e-7, so that it would depend on the other texts of the batch. With one batch shape per padded
length, the vector of a text does not depend on them. A batch that is not full is filled with its last text.
"""

_MAX_BATCH_TOKENS = 1_024
"""Token limit of a batch, which has more than half as many: enough for speed, few enough for a single text."""

_IGNORED_SUFFIXES = (".md", ".lock", "")
"""Suffixes of files in a model's directory that do not change its vectors."""


class SentenceEmbedder:
    """A sentence-transformers model, loaded when the first text is encoded. Code inside the model is never run.

    Args:
        source: Path of its directory, or its name on the hub, as `find_revision` takes it.
        name: Name for `find_embedder`, if it differs from the source.

    Raises:
        UserError: At first use: the source is no model, or the hub is unreachable.
    """

    def __init__(self, source: str, name: str | None = None) -> None:
        self.source = source
        self.name = name or source

    def __reduce__(self) -> tuple[type["SentenceEmbedder"], tuple[str, str]]:
        """Pickle without the model; another process loads its own and computes the fingerprint again."""
        return SentenceEmbedder, (self.source, self.name)

    @cached_property
    def fingerprint(self) -> str:
        """Digest `sha256:…` of the files of a model directory, or NAME@COMMIT of a model on the hub."""
        return _digest(Path(self.source)) if self._revision is None else str(self._revision)

    @property
    def batch_size(self) -> int:
        """Number of texts per call: enough for full batches of most lengths."""
        return 256

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text."""
        if not hasattr(self._model[0], "auto_model"):  # not a transformer: no padding
            return self._computed(texts, batch_size=1)
        lengths: dict[int, list[int]] = {}
        for position, tokens in enumerate(self._tokens(texts)):
            lengths.setdefault(-(-max(1, tokens) // _PADDING_MULTIPLE) * _PADDING_MULTIPLE, []).append(position)
        vectors: dict[int, Vectors] = {}
        for length, positions in lengths.items():
            size = 1 << (max(1, _MAX_BATCH_TOKENS // length).bit_length() - 1)
            same = [texts[position] for position in positions]
            filled = same + same[-1:] * (-len(same) % size)
            padding = {"text": {"pad_to_multiple_of": _PADDING_MULTIPLE}}
            computed = self._computed(filled, batch_size=size, processing_kwargs=padding)
            vectors |= zip(positions, computed, strict=False)
        return np.stack([vectors[position] for position in range(len(texts))])

    def _computed(self, texts: Sequence[str], **options: Any) -> Vectors:
        vectors = self._model.encode(
            list(texts), normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False, **options
        )
        return np.asarray(vectors, dtype=np.float32)

    def _tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, after truncation."""
        prompt = self._model.prompts.get(self._model.default_prompt_name) or ""
        longest = self._model.max_seq_length
        encoded = self._model.tokenizer([prompt + text for text in texts], truncation=True, max_length=longest)
        return [len(tokens) for tokens in encoded["input_ids"]]

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
        except Exception as error:  # errors of half a dozen libraries, without a common base
            raise unusable_embedder(self.name, error) from error


def _digest(directory: Path) -> str:
    """Return the sha256 over paths and contents of a model's files; tools write hidden files, which differ by copy."""
    digest = hashlib.sha256()
    for path in sorted(file.relative_to(directory) for file in directory.rglob("*") if file.is_file()):
        if path.suffix in _IGNORED_SUFFIXES or any(part.startswith(".") for part in path.parts):
            continue
        with (directory / path).open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
        digest.update(path.as_posix().encode() + b"\0" + content)
    return f"sha256:{digest.hexdigest()}"
