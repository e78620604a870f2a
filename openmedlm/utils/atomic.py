"""Atomic file writes: a reader sees the whole old file or the whole new one."""

import fcntl
import glob
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def write_atomically(path: Path, chunks: Iterable[bytes]) -> None:
    """Write the chunks to a temporary file in the same folder, sync it to disk and rename it to `path`.

    Missing folders are created. If writing fails, `path` is unchanged and the temporary file is removed.

    Raises:
        OSError: The folder cannot be created or written, or the disk is full.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_atomically(Path(folder) / "new" / "file", [b"one, ", b"two"])
        ...     (Path(folder) / "new" / "file").read_bytes()
        b'one, two'
    """
    with atomically(path) as file:
        for chunk in chunks:
            file.write(chunk)


@contextmanager
def atomically(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that replaces `path` when the context ends without an error; see `write_atomically`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path)
    handle, temporary = _file_beside(path)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o666 & ~umask())
            temporary.replace(path)  # while the lock is held, so that no cleanup removes the file
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # the error of a full disk names no file
            error.filename2 = None
        raise


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Create a temporary folder in the parent of `path`; remove it when the context ends, unless it was renamed.

    The folder is locked, so that other processes do not remove it.
    """
    remove_leftovers(path)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        if _lock(handle):
            break
        os.close(handle)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def remove_leftovers(path: Path) -> None:
    """Remove the temporary files and folders of `path` that killed processes left: those without a lock."""
    for leftover in list(path.parent.glob(f".{glob.escape(path.name)}.*.tmp")):
        try:
            handle = os.open(leftover, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)
        except OSError:
            pass  # another process is writing it, or the file system has no locks; the leftover does no harm
        finally:
            os.close(handle)


def _file_beside(path: Path) -> tuple[int, Path]:
    while True:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        if _lock(handle):
            return handle, Path(name)
        os.close(handle)


def _lock(handle: int) -> bool:
    """Lock an open file or folder; return False if `remove_leftovers` of another process has just deleted it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # without locks, `remove_leftovers` deletes nothing
    return os.fstat(handle).st_nlink > 0


_umask_lock = threading.Lock()


def umask() -> int:
    """Return the file mode creation mask of the process; the only way to read it is to set it."""
    with _umask_lock:  # else a second thread would read, and restore, the mask that the first one sets
        mask = os.umask(0o077)
        os.umask(mask)
    return mask
