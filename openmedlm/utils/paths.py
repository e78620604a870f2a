"""Folders and files that the product keeps for the user."""

import hashlib
import logging
import os
import re
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

APPLICATION = "openmedlm"

_log = logging.getLogger(__name__)


def imported_benchmarks() -> Path:
    """Return the folder of imported benchmarks: `<name>/<split>.jsonl`."""
    return user_data_path(APPLICATION) / "benchmarks"


def hub_records() -> Path:
    """Return the folder that records the first version loaded from the hub (`openmedlm.data.hub`)."""
    return user_cache_path(APPLICATION) / "hub"


def completion_cache_path() -> Path:
    """Return the file of the completion cache of all runs; it is in the data folder, since completions cost money."""
    return user_data_path(APPLICATION) / "votes.sqlite"


def rationale_pool(benchmark: str, teacher: str) -> Path:
    """Return the file with the rationales of one teacher for one benchmark, in the data folder."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "--", teacher)
    name = hashlib.sha256(teacher.encode()).hexdigest()[:8]
    return user_data_path(APPLICATION) / "rationales" / benchmark / f"{readable}-{name}.jsonl"


def workers_directory(study: str) -> Path:
    """Return the folder of the lock files of this machine's workers on a study; create it."""
    folder = user_data_path(APPLICATION) / "workers" / hashlib.sha256(study.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def vectors_directory() -> Path | None:
    """Return the cache folder of question vectors; create it.

    None, with a logged warning, if the folder is not writable: vectors can be computed again.
    """
    folder = user_cache_path(APPLICATION) / "vectors"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reason = None if os.access(folder, os.W_OK) else "not writable"
    except OSError as error:
        reason = str(error.strerror)
    if reason is None:
        return folder
    _log.warning("%s: %s; question vectors are not cached and are computed again in each run", folder, reason)
    return None
