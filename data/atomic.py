"""Files that are either the old one or the new one, whatever happens in between."""

import os
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
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~umask())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # the disk does not say which of its files did not fit
            error.filename2 = None
        raise


def umask() -> int:
    """The process's file mode creation mask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
