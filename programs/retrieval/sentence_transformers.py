"""sentence-transformers models, from a directory or from the hub."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from openmedlm.programs.retrieval.embedder import Vectors
from openmedlm.programs.retrieval.hub_revision import HubRevision, find_revision, hub_online
from openmedlm.programs.retrieval.unusable import unusable

_MULTIPLE = 8
"""What the number of a text's tokens is padded to a multiple of.

Padding moves a vector by 2e-7, so that it would depend on the text's neighbours in the batch. Where every batch of a
length has the same shape, a text's vector is the same in any company and at any place; a batch that is not full is
filled with its last text.
"""

_TOKENS = 1_024
"""In a batch, at most, and more than half as many: enough for speed, few enough for a text alone."""

_NO_PART = (".md", ".lock", "")
"""Endings of files in a model's directory that its vectors don't depend on."""


class SentenceEmbedder:
    """A sentence-transformers model, loaded when the first text is encoded. Code that it brings is never run.

    Args:
        source: the path of its directory, or its name on the hub, as `find_revision` takes it.
        name: what `find_embedder` takes for it, where that is not the source.

    Raises:
        UserError: at first use, where the source is no model or the hub is out of reach.
    """

    def __init__(self, source: str, name: str | None = None) -> None:
        self.source = source
        self.name = name or source

    def __reduce__(self) -> tuple[type["SentenceEmbedder"], tuple[str, str]]:
        """Without the model: another process has its own, and finds its own fingerprint."""
        return SentenceEmbedder, (self.source, self.name)

    @cached_property
    def fingerprint(self) -> str:
        """`sha256:…` over the files where the model is a directory; NAME@COMMIT where it comes from the hub."""
        return _digest(Path(self.source)) if self._revision is None else str(self._revision)

    @property
    def together(self) -> int:
        """Enough for full batches of most lengths."""
        return 256

    def encode(self, texts: Sequence[str]) -> Vectors:
        if not hasattr(self._model[0], "auto_model"):  # no transformer: nothing is padded
            return self._computed(texts, batch_size=1)
        lengths: dict[int, list[int]] = {}
        for position, tokens in enumerate(self._tokens(texts)):
            lengths.setdefault(-(-max(1, tokens) // _MULTIPLE) * _MULTIPLE, []).append(position)
        vectors: dict[int, Vectors] = {}
        for length, positions in lengths.items():
            size = 1 << (max(1, _TOKENS // length).bit_length() - 1)
            same = [texts[position] for position in positions]
            filled = same + same[-1:] * (-len(same) % size)
            padding = {"text": {"pad_to_multiple_of": _MULTIPLE}}
            computed = self._computed(filled, batch_size=size, processing_kwargs=padding)
            vectors |= zip(positions, computed, strict=False)
        return np.stack([vectors[position] for position in range(len(texts))])

    def _computed(self, texts: Sequence[str], **how: Any) -> Vectors:
        vectors = self._model.encode(
            list(texts), normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False, **how
        )
        return np.asarray(vectors, dtype=np.float32)

    def _tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens the model reads of each text."""
        prompt = self._model.prompts.get(self._model.default_prompt_name) or ""
        longest = self._model.max_seq_length
        read = self._model.tokenizer([prompt + text for text in texts], truncation=True, max_length=longest)
        return [len(tokens) for tokens in read["input_ids"]]

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
