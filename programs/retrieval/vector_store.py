"""Every vector that was ever computed, on disk for the next command."""

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

PATIENCE = 900.0
"""Seconds that a command waits for another one that is embedding."""

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
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
"""What SQLite says of a file that is no database, or has other tables than ours."""


class DamagedError(UserError):
    """The file is no vector store, or no longer; what it held can be computed anew.

    Attributes:
        path: of the file.
        inode: which file that was, since another command may put it aside first.
    """

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(f"{path}: not a usable vector store ({reason}); remove it, and it is made anew")
        self.path = path
        self.inode = path.stat().st_ino

    def put_aside(self) -> None:
        """Renames the file to `….damaged`, once no command uses it, unless another one did so already."""
        with locked(_lock(self.path)):
            if self.path.exists() and self.path.stat().st_ino == self.inode:
                for end in ("-wal", "-shm", ""):
                    part = self.path.with_name(self.path.name + end)
                    if part.exists():
                        part.replace(part.with_name(f"{self.path.name}.damaged{end}"))


class VectorStore:
    """One embedder's vectors by text, in a SQLite file that several commands may use at once.

    A context manager. A row is found by the sha256 of its text and holds little-endian float32.

    Args:
        folder: of one file an embedder; it is made.
        fingerprint: of the embedder.

    Raises:
        DamagedError: on entering, or later, where the file is found to be none of ours; see `encode_kept`.
        UserError: the folder or the file can't be used.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.path = folder / f"{_sha256(fingerprint)}.sqlite"
        self._fingerprint = fingerprint
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening, self._explained():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            opening.enter_context(locked(_lock(self.path), shared=True))
            self._connection = sqlite3.connect(self.path, timeout=2.0, isolation_level=None)
            opening.callback(self._connection.close)
            _waiting(60.0)(self._prepare)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def look_up(self, texts: Sequence[str]) -> dict[str, bytes]:
        """The vectors of those texts that have one of the right length, in a single query."""
        by_key = {_sha256(text): text for text in texts}
        with self._explained():
            found = self._connection.execute(_LOOK_UP, (json.dumps(list(by_key)),))
            return {by_key[key]: vector for key, vector in found}

    def fill(self, texts: Sequence[str], encode: Callable[[Sequence[str]], Vectors]) -> dict[str, bytes]:
        """The vectors of all texts; those that are missing are computed and committed first.

        One command computes at a time, and looks again before it does, so that no text is computed by two.

        Args:
            texts: each once.
            encode: see `Embedder.encode`.
        """
        with self._transaction():
            found = self.look_up(texts)
            missing = [text for text in texts if text not in found]
            if missing:
                vectors = encode(missing)
                self._check_dimension(vectors.shape[1])
                rows = dict(zip(missing, (row.tobytes() for row in vectors.astype("<f4")), strict=True))
                with self._explained():
                    self._connection.executemany(
                        "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                        [(_sha256(text), vector) for text, vector in rows.items()],
                    )
                found |= rows
        return found

    def _check_dimension(self, dimension: int) -> None:
        with self._explained():
            ((kept,),) = self._connection.execute("SELECT dimension FROM embedder").fetchall()
            if kept is None:
                self._connection.execute("UPDATE embedder SET dimension = ?", (dimension,))
        if kept not in (None, dimension):
            raise UserError(
                f"{self.path}: holds vectors of {kept} numbers, and the embedder {self._fingerprint!r} now gives "
                f"{dimension}; remove the file if another model answers under that name"
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # Who waits holds the turn, so that a command with many chunks lets others in between two of them.
        with self._explained(), locked(self.path.with_suffix(".turn")):
            _waiting(PATIENCE)(self._connection.execute, "BEGIN IMMEDIATE")
        try:
            yield
            with self._explained():
                self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _prepare(self) -> None:
        """Makes the tables in a new file; WAL mode lets others read while a chunk is being computed."""
        if self._connection.execute("PRAGMA user_version").fetchone() == (0,):
            with self._transaction():
                if self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                    for statement in _SCHEMA:
                        self._connection.execute(statement)
                    self._connection.execute("INSERT INTO embedder VALUES (?, NULL)", (self._fingerprint,))
                    self._connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version != _SCHEMA_VERSION:
            raise DamagedError(self.path, "written by something else, or another version of openmedlm")
        if self._connection.execute("SELECT fingerprint FROM embedder").fetchall() != [(self._fingerprint,)]:
            raise DamagedError(self.path, "written for another embedder")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, OSError) as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
                raise DamagedError(self.path, error) from error
            raise UserError(f"{self.path}: can't be used ({error}); mend that, and the same command goes on") from error


def _waiting(seconds: float) -> "Retrying":
    """Tries again while another command is in the way."""
    from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

    return Retrying(
        retry=retry_if_exception(_busy), stop=stop_after_delay(seconds), wait=wait_fixed(0.05), reraise=True
    )


def _busy(error: BaseException) -> bool:
    """Whether a lock is in the way. SQLite's own waiting is deaf to Ctrl-C, and does not cover a change of journal."""
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _lock(path: Path) -> Path:
    """Held shared by all who use the store, since SQLite files must not be renamed under them."""
    return path.with_suffix(".lock")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
