"""Resolution of a model's name to a commit on the Hugging Face hub."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from openmedlm.programs.retrieval.embedder import unusable_embedder
from openmedlm.utils.network import reachable

_COMMIT = re.compile(r"[0-9a-f]{40}")
_ROOT_FILES = ("modules.json", "config.json")
"""Root files of a sentence-transformers model (the first) and of a plain transformers model (the second)."""


@dataclass(frozen=True, slots=True)
class HubRevision:
    """A model on the hub at one commit.

    Attributes:
        repository: Repository, as `organisation/name`.
        commit: 40 hexadecimal digits.
    """

    repository: str
    commit: str

    def __str__(self) -> str:
        return f"{self.repository}@{self.commit}"


def find_revision(name: str) -> HubRevision:
    """Return the commit in the local cache, so that later ones change nothing; without one, the newest on the hub.

    Args:
        name: `organisation/name`, or the plain name of one of sentence-transformers' own models. `@REVISION` after it
            selects that commit, branch or tag.

    Raises:
        UserError: There is no such name, or it is not cached and the hub is unreachable.
    """
    repository, _, revision = name.partition("@")
    if "/" not in repository:
        repository = f"sentence-transformers/{repository}"
    revision = revision or "main"
    commit = _cached(name, repository, revision)
    if commit is None:
        commit = revision if _COMMIT.fullmatch(revision) else _fetched(name, repository, revision)
    return HubRevision(repository, commit)


def hub_online() -> bool:
    """Return True if the hub is allowed and reachable; its own client would retry for half a minute."""
    from huggingface_hub import constants

    return not constants.HF_HUB_OFFLINE and reachable(constants.ENDPOINT)


def _cached(name: str, repository: str, revision: str) -> str | None:
    from huggingface_hub import try_to_load_from_cache

    for file in _ROOT_FILES:
        try:
            path = try_to_load_from_cache(repository, file, cache_dir=_cache(), revision=revision)
        except ValueError as error:
            raise unusable_embedder(name, error) from error
        if isinstance(path, str):
            return Path(path).parent.name
    return None


def _fetched(name: str, repository: str, revision: str) -> str:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError

    if not hub_online():
        raise unusable_embedder(name, "not cached, and the hub is unreachable")
    for file in _ROOT_FILES:
        try:
            path = hf_hub_download(repository, file, cache_dir=_cache(), revision=revision)
        except RemoteEntryNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise unusable_embedder(name, error) from error
        return Path(path).parent.name
    raise unusable_embedder(name, f"it has none of the files {', '.join(_ROOT_FILES)}")


def _cache() -> str | None:
    """Return sentence-transformers' own cache folder if the user set one; None means the hub's."""
    return os.environ.get("SENTENCE_TRANSFORMERS_HOME")
