"""Where things are kept: weights and logs in the user's cache, locks and keys in a private run directory."""

import os
import stat
import tempfile
from pathlib import Path

import platformdirs

from openmedlm.utils.errors import UserError


def cache_directory(kind: str) -> Path:
    """`models` or `logs` under `$OPENMEDLM_CACHE`, or else the platform's user cache; made where it is missing.

    Raises:
        UserError: it cannot be made.
    """
    root = os.environ.get("OPENMEDLM_CACHE")
    base = Path(root).expanduser().absolute() if root else platformdirs.user_cache_path("openmedlm")
    directory = base / kind
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{directory}: {error.strerror}; set OPENMEDLM_CACHE to a directory of yours") from error
    return directory


def run_directory() -> Path:
    """The directory of running servers, readable by its owner alone.

    It is not in the cache: a home directory may be shared by several machines, and a loopback server is not.

    Raises:
        UserError: somebody else made it first.
    """
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    directory = Path(base) / f"openmedlm-{os.getuid()}"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise UserError(f"{directory}: belongs to somebody else; set XDG_RUNTIME_DIR to a directory of yours")
    directory.chmod(0o700)
    return directory
