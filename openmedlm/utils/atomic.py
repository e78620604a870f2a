"""Files that are either the old one or the new one, whatever happens in between."""

import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def write_atomically(path: Path, chunks: Iterable[bytes]) -> None:
    """Write `chunks` to `path` through a temporary file beside it, synced to disk and then renamed over it.

    Missing folders are made. A reader sees the whole old file or the whole new one; when writing fails, `path` is
    untouched and the temporary file is gone.

    Raises:
        OSError: the folder cannot be made or written, or the disk is full.
    """
    with atomically(path) as file:
        for chunk in chunks:
            file.write(chunk)


@contextmanager
def atomically(path: Path) -> Iterator[IO[bytes]]:
    """A temporary file to write to, which takes the place of `path` as the context ends; see `write_atomically`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path)
    handle, temporary = _file_beside(path)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o666 & ~umask())
            temporary.replace(path)  # while it is held, so that no sweep takes it
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # the disk does not say which of its files did not fit
            error.filename2 = None
        raise


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path`, gone when the context ends unless it was renamed; others' `sweep` leaves it."""
    sweep(path)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        if _held(handle):
            break
        os.close(handle)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def sweep(path: Path) -> None:
    """Takes away the temporary files and folders of `path` that killed processes left: those that nobody holds."""
    for left in list(path.parent.glob(f".{glob.escape(path.name)}.*.tmp")):
        try:
            handle = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
        except OSError:
            pass  # somebody is writing it, or this file system knows no locks; it is no obstacle
        finally:
            os.close(handle)


def _file_beside(path: Path) -> tuple[int, Path]:
    while True:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        if _held(handle):
            return handle, Path(name)
        os.close(handle)


def _held(handle: int) -> bool:
    """Marks what is opened as being written; False where a `sweep` took it away the moment before."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # no locks here, so no sweep either
    return os.fstat(handle).st_nlink > 0


def umask() -> int:
    """The process's file mode creation mask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
