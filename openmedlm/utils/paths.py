"""Folders and files that the product keeps for this user."""

import hashlib
import os
import re
import sys
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

APPLICATION = "openmedlm"


def imported_benchmarks() -> Path:
    """The folder of imported benchmarks: `<name>/<split>.jsonl`."""
    return user_data_path(APPLICATION) / "benchmarks"


def hub_records() -> Path:
    """The folder of what was first loaded from the hub (`openmedlm.data.hub`)."""
    return user_cache_path(APPLICATION) / "hub"


def completion_cache_path() -> Path:
    """The vote store of all runs; in the data folder, since what is in it was paid for."""
    return user_data_path(APPLICATION) / "votes.sqlite"


def rationale_pool(benchmark: str, teacher: str) -> Path:
    """The rationales of one teacher for one benchmark; in the data folder, since they were paid for."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "--", teacher)
    name = hashlib.sha256(teacher.encode()).hexdigest()[:8]
    return user_data_path(APPLICATION) / "rationales" / benchmark / f"{readable}-{name}.jsonl"


def workers_directory(study: str) -> Path:
    """Where those who work on a study of that name on this machine show that they live, and take turns."""
    folder = user_data_path(APPLICATION) / "workers" / hashlib.sha256(study.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def vectors_directory() -> Path | None:
    """Vectors of questions; None, with a word on stderr, where the cache can't be written: they can be made again."""
    folder = user_cache_path(APPLICATION) / "vectors"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"{folder}: {error.strerror}; vectors are computed anew each time", file=sys.stderr)
        return None
    if not os.access(folder, os.W_OK):
        print(f"{folder}: can't be written; vectors are computed anew each time", file=sys.stderr)
        return None
    return folder
