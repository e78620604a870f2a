"""Weights from the Hugging Face hub, where it answers."""

import threading
from pathlib import Path

import huggingface_hub

from openmedlm.local_models.catalogue import EmbeddedModel

PROBE_SECONDS = 5.0


class HubError(Exception):
    """The hub does not answer, or does not have these bytes; the message says which."""


def from_hub(model: EmbeddedModel, directory: Path) -> Path:
    """Downloads the model's file into a directory.

    Raises:
        HubError: no place on the hub is known, no answer within `PROBE_SECONDS`, other bytes, a download that
            broke off.
    """
    if model.hub is None:
        raise HubError("no file on the hub is known to hold these bytes")
    repository, revision, file = model.hub
    _probe(huggingface_hub.hf_hub_url(repository, file, revision=revision), model.sha256)
    try:
        return Path(huggingface_hub.hf_hub_download(repository, file, revision=revision, local_dir=directory))
    except Exception as error:
        raise HubError(_first_line(error)) from error


def _probe(url: str, sha256: str) -> None:
    """Asks for the file's headers; in a thread, since resolving a name cannot be bounded in time otherwise."""
    answers: list[str | Exception] = []

    def ask() -> None:
        try:
            answers.append(huggingface_hub.get_hf_file_metadata(url, timeout=PROBE_SECONDS).etag or "")
        except Exception as error:
            answers.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS)
    if not answers:
        raise HubError(f"no answer within {PROBE_SECONDS:.0f} s")
    if isinstance(answers[0], Exception):
        raise HubError(_first_line(answers[0])) from answers[0]
    if answers[0] != sha256:
        raise HubError("the file there has another sha256")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
