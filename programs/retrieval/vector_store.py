"""Vectors on disk, one SQLite file per embedder."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from openmedlm.data import UserError
from openmedlm.programs.retrieval.embedder import Vectors
from openmedlm.utils.locks import locked

if TYPE_CHECKING:
    from tenacity import Retrying

LOCK_TIMEOUT_SECONDS = 900.0
"""Maximum wait for another process that computes vectors."""

_SCHEMA_VERSION = 1
_SCHEMA = (
    "CREATE TABLE embedder (fingerprint TEXT NOT NULL, dimension INTEGER)",
    "CREATE TABLE vectors (text TEXT PRIMARY KEY, vector BLOB NOT NULL)",
)
_LOOK_UP = """
SELECT vectors.text, vectors.vector
FROM json_each(?) AS wanted CROSS JOIN vectors ON vectors.text = wanted.value CROSS JOIN embedder
WHERE typeof(vectors.vector) = 'blob' AND length(vectors.vector) = 4 * embedder.dimension
"""
_DAMAGE_CODES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
"""SQLite error codes of a file that is no database or has other tables."""


class DamagedError(UserError):
    """A file that is no intact vector store; its vectors can be computed again.

    Attributes:
        path: Path of the file.
        inode: Inode of the file, since another process may rename it first.
    """

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(f"damaged vector store in {path}: {reason}. Remove the file; it is computed again.")
        self.path = path
        self.inode = path.stat().st_ino

    def set_aside(self) -> None:
        """Rename the file to `….damaged` when no process uses it, unless another process already did."""
        with locked(_lock(self.path)):
            if self.path.exists() and self.path.stat().st_ino == self.inode:
                for end in ("-wal", "-shm", ""):
                    part = self.path.with_name(self.path.name + end)
                    if part.exists():
                        part.replace(part.with_name(f"{self.path.name}.damaged{end}"))


class VectorStore:
    """Vectors of one embedder by text, in a SQLite file that several processes can use at once.

    A context manager. The key of a row is the sha256 of its text; the vector is little-endian float32.

    Args:
        folder: Folder with one file per embedder; it is created.
        fingerprint: Fingerprint of the embedder.

    Raises:
        DamagedError: On entering or later: the file is no intact vector store; see `encode_cached`.
        UserError: The folder or the file can't be used.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.path = folder / f"{_sha256(fingerprint)}.sqlite"
        self._fingerprint = fingerprint
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening, self._translated_errors():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            opening.enter_context(locked(_lock(self.path), shared=True))
            self._connection = sqlite3.connect(self.path, timeout=2.0, isolation_level=None)
            opening.callback(self._connection.close)
            _retrying(60.0)(self._prepare)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def get_many(self, texts: Sequence[str]) -> dict[str, bytes]:
        """Return the vectors of the texts that have one of the right length, by a single query."""
        by_key = {_sha256(text): text for text in texts}
        with self._translated_errors():
            rows = self._connection.execute(_LOOK_UP, (json.dumps(list(by_key)),))
            return {by_key[key]: vector for key, vector in rows}

    def fill(self, texts: Sequence[str], encode: Callable[[Sequence[str]], Vectors]) -> dict[str, bytes]:
        """Return the vectors of all texts; missing ones are computed and committed first.

        One process computes at a time and reads again before it does, so that no text is computed twice.

        Args:
            texts: Different texts.
            encode: Function like `Embedder.encode`.
        """
        with self._transaction():
            vectors_by_text = self.get_many(texts)
            missing = [text for text in texts if text not in vectors_by_text]
            if missing:
                vectors = encode(missing)
                self._check_dimension(vectors.shape[1])
                rows = dict(zip(missing, (row.tobytes() for row in vectors.astype("<f4")), strict=True))
                with self._translated_errors():
                    self._connection.executemany(
                        "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                        [(_sha256(text), vector) for text, vector in rows.items()],
                    )
                vectors_by_text |= rows
        return vectors_by_text

    def _check_dimension(self, dimension: int) -> None:
        with self._translated_errors():
            ((stored,),) = self._connection.execute("SELECT dimension FROM embedder").fetchall()
            if stored is None:
                self._connection.execute("UPDATE embedder SET dimension = ?", (dimension,))
        if stored not in (None, dimension):
            raise UserError(
                f"wrong vector dimension from the embedder {self._fingerprint!r}: {dimension}, but {self.path} holds "
                f"{stored}. Remove the file if another model now has that name."
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # A waiting process holds the turn lock, so that one with many batches lets others in between two of them.
        with self._translated_errors(), locked(self.path.with_suffix(".turn")):
            _retrying(LOCK_TIMEOUT_SECONDS)(self._connection.execute, "BEGIN IMMEDIATE")
        try:
            yield
            with self._translated_errors():
                self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _prepare(self) -> None:
        """Create the tables of a new file. WAL mode lets others read while a batch is computed."""
        if self._connection.execute("PRAGMA user_version").fetchone() == (0,):
            with self._transaction():
                if self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                    for statement in _SCHEMA:
                        self._connection.execute(statement)
                    self._connection.execute("INSERT INTO embedder VALUES (?, NULL)", (self._fingerprint,))
                    self._connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version != _SCHEMA_VERSION:
            raise DamagedError(self.path, "not written by openmedlm, or by another version of it")
        if self._connection.execute("SELECT fingerprint FROM embedder").fetchall() != [(self._fingerprint,)]:
            raise DamagedError(self.path, "written for another embedder")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, OSError) as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE_CODES:
                raise DamagedError(self.path, error) from error
            raise UserError(
                f"can't use the vector store {self.path}: {error}. Fix this and rerun the command to resume."
            ) from error


def _retrying(seconds: float) -> "Retrying":
    """Return a retry policy that waits for another process to release the database."""
    from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

    return Retrying(
        retry=retry_if_exception(_busy), stop=stop_after_delay(seconds), wait=wait_fixed(0.05), reraise=True
    )


def _busy(error: BaseException) -> bool:
    """Return True if the database is locked. SQLite's own waiting ignores Ctrl-C and does not cover journal changes."""
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _lock(path: Path) -> Path:
    """Return the lock that every user of the store shares, since open SQLite files must not be renamed."""
    return path.with_suffix(".lock")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
