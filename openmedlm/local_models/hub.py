"""Download of weights from the Hugging Face hub."""

import threading
from pathlib import Path

import huggingface_hub

from openmedlm.local_models.catalogue import EmbeddedModel

PROBE_TIMEOUT_SECONDS = 5.0


class HubError(Exception):
    """The hub does not respond, or does not have these bytes."""


def from_hub(model: EmbeddedModel, directory: Path) -> Path:
    """Download the model's file into a directory, and return its path.

    Raises:
        HubError: No file on the hub is known, the hub does not respond within `PROBE_TIMEOUT_SECONDS`, the file has
            another sha256, or the download failed.
    """
    if model.hub is None:
        raise HubError("no file on the hub is known to have these bytes")
    repository, revision, file = model.hub
    _probe(huggingface_hub.hf_hub_url(repository, file, revision=revision), model.sha256)
    try:
        return Path(huggingface_hub.hf_hub_download(repository, file, revision=revision, local_dir=directory))
    except Exception as error:
        raise HubError(_first_line(error)) from error


def _probe(url: str, sha256: str) -> None:
    """Check the sha256 in the file's headers; in a thread, since a DNS look-up has no timeout otherwise."""
    results: list[str | Exception] = []

    def request_headers() -> None:
        try:
            results.append(huggingface_hub.get_hf_file_metadata(url, timeout=PROBE_TIMEOUT_SECONDS).etag or "")
        except Exception as error:
            results.append(error)

    thread = threading.Thread(target=request_headers, daemon=True)
    thread.start()
    thread.join(PROBE_TIMEOUT_SECONDS)
    if not results:
        raise HubError(f"no response within {PROBE_TIMEOUT_SECONDS:.0f} s")
    if isinstance(results[0], Exception):
        raise HubError(_first_line(results[0])) from results[0]
    if results[0] != sha256:
        raise HubError("the file on the hub has another sha256")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
