"""Folders: weights and logs in the user's cache, locks and keys in a private run directory."""

import os
import stat
import tempfile
from pathlib import Path

import platformdirs

from openmedlm.utils.errors import UserError


def cache_directory(kind: str) -> Path:
    """Return the folder `models` or `logs` in `$OPENMEDLM_CACHE` or the platform's user cache; create it if missing.

    Raises:
        UserError: It cannot be created.
    """
    root = os.environ.get("OPENMEDLM_CACHE")
    base = Path(root).expanduser().absolute() if root else platformdirs.user_cache_path("openmedlm")
    directory = base / kind
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot create {directory}: {error.strerror}. Set OPENMEDLM_CACHE to a writable folder."
        ) from error
    return directory


def run_directory() -> Path:
    """Return the folder of running servers, readable by its owner only; create it if missing.

    It is not in the cache: several machines may share a home directory, but not a loopback server.

    Raises:
        UserError: It belongs to another user.
    """
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    directory = Path(base) / f"openmedlm-{os.getuid()}"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise UserError(f"{directory} belongs to another user. Set XDG_RUNTIME_DIR to a folder of yours.")
    directory.chmod(0o700)
    return directory
