"""Which commit of the Hugging Face hub a model's name stands for."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from openmedlm.programs.retrieval.unusable import unusable
from openmedlm.utils.network import reachable

_COMMIT = re.compile(r"[0-9a-f]{40}")
_ROOT_FILES = ("modules.json", "config.json")
"""A sentence-transformers model has the first in its root, a bare transformers model the second."""


@dataclass(frozen=True, slots=True)
class HubRevision:
    """A model on the hub as it was at one commit.

    Attributes:
        repository: `organisation/name`.
        commit: 40 hexadecimal digits.
    """

    repository: str
    commit: str

    def __str__(self) -> str:
        return f"{self.repository}@{self.commit}"


def find_revision(name: str) -> HubRevision:
    """The commit that the cache holds, so that the hub's later ones change nothing; without one, the hub's newest.

    Args:
        name: `organisation/name`, or the bare name of one of sentence-transformers' own models; `@REVISION` after it
            takes that commit, branch or tag.

    Raises:
        UserError: no such name, or it is not in the cache and the hub is out of reach.
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
    """Whether the hub may be asked, and answers; its own client would try for half a minute."""
    from huggingface_hub import constants

    return not constants.HF_HUB_OFFLINE and reachable(constants.ENDPOINT)


def _cached(name: str, repository: str, revision: str) -> str | None:
    from huggingface_hub import try_to_load_from_cache

    for file in _ROOT_FILES:
        try:
            path = try_to_load_from_cache(repository, file, cache_dir=_cache(), revision=revision)
        except ValueError as error:
            raise unusable(name, error) from error
        if isinstance(path, str):
            return Path(path).parent.name
    return None


def _fetched(name: str, repository: str, revision: str) -> str:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError

    if not hub_online():
        raise unusable(name, "it is not in the cache, and the hub is out of reach")
    for file in _ROOT_FILES:
        try:
            path = hf_hub_download(repository, file, cache_dir=_cache(), revision=revision)
        except RemoteEntryNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise unusable(name, error) from error
        return Path(path).parent.name
    raise unusable(name, f"it has none of {', '.join(_ROOT_FILES)}")


def _cache() -> str | None:
    """sentence-transformers' own cache folder where the user set one; None is the hub's."""
    return os.environ.get("SENTENCE_TRANSFORMERS_HOME")
