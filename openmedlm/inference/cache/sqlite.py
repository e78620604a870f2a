"""Completions in a SQLite file."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from openmedlm.data import UserError
from openmedlm.inference.cache.backend import SCHEMA, Lease, Row, Usage
from openmedlm.inference.cache.sqlite_leases import SqliteClaims
from openmedlm.inference.request import Completion

_BUSY_SECONDS = 60
_BY_KEY = (
    "SELECT text, finish_reason, prompt_tokens, completion_tokens, cached_tokens, cost_usd, seconds"
    " FROM completions WHERE key = ?"
)
_MANY = f"SELECT key, {_BY_KEY.removeprefix('SELECT ').removesuffix('= ?')}IN"


class SqliteDatabase:
    """A `Database` in a file that several processes of one machine may use at once.

    The statements are written by hand: through SQLAlchemy each would take as long as everything else that the engine
    does for a call.

    Args:
        path: of the file; its directory is made.
    """

    remote = False

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Two connections, so that a reader never sees a group that is not committed yet.
            self._reading, self._writing = (_open(path) for _ in range(2))
            waiting = Retrying(
                retry=retry_if_exception(_busy),
                stop=stop_after_delay(_BUSY_SECONDS),
                wait=wait_fixed(0.05),
                reraise=True,
            )
            for attempt in waiting:
                with attempt:
                    self._prepare()
        except (OSError, sqlite3.DatabaseError) as error:
            raise UserError(f"{path}: not a usable vote store ({error}); name another with --store") from error
        self._claims = SqliteClaims(self._writing, self._written, partial(_completions, self._writing))

    def _prepare(self) -> None:
        """Makes the tables in a new file; refuses a file of something else without touching it."""
        with self._transaction():
            (version,) = self._writing.execute("PRAGMA user_version").fetchone()
            tables = {name for (name,) in self._writing.execute("SELECT name FROM sqlite_master")}
        ours = version > 0 and "completions" in tables
        if version > SCHEMA or (tables and not ours):
            kind = "by another version of openmedlm" if ours else "by something else"
            raise UserError(f"{self._path}: written {kind}; name another file with --store")
        if version < SCHEMA:
            from openmedlm.inference.cache.migrate import migrate_sqlite

            migrate_sqlite(self._path)
        self._writing.execute("PRAGMA journal_mode = WAL")
        # In WAL mode NORMAL loses no commit when the process dies; only a power cut can take the last ones.
        self._writing.execute("PRAGMA synchronous = NORMAL")

    @property
    def folder(self) -> Path:
        return self._path.parent

    def get(self, keys: Sequence[str]) -> dict[str, Completion]:
        return _completions(self._reading, keys)

    def put(self, rows: Sequence[Row]) -> list[Completion]:
        with self._written():
            return self._insert(rows)

    def _insert(self, rows: Sequence[Row]) -> list[Completion]:
        now = time.time()
        written = self._writing.executemany(
            "INSERT OR IGNORE INTO completions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(row.key, row.model, row.endpoint, now, *row.completion) for row in rows],
        )
        new = written.rowcount == len(rows)
        self._claims.remove([row.key for row in rows])
        api_calls = [(row.purpose, row.completion) for row in rows if row.purpose is not None]
        if api_calls:
            self._writing.executemany(
                "INSERT INTO spending VALUES (?, 1, ?, ?, ?) ON CONFLICT (purpose) DO UPDATE SET calls = calls + 1,"
                " prompt_tokens = prompt_tokens + excluded.prompt_tokens,"
                " completion_tokens = completion_tokens + excluded.completion_tokens,"
                " cost_usd = cost_usd + excluded.cost_usd",
                [(purpose, c.prompt_tokens, c.completion_tokens, c.cost_usd or 0.0) for purpose, c in api_calls],
            )
        if new:
            return [row.completion for row in rows]
        kept = _completions(self._writing, [row.key for row in rows])
        return [kept[row.key] for row in rows]

    def claim(self, keys: Sequence[str], free: Sequence[str]) -> Lease:
        return self._claims.claim(keys, free)

    def sign(self) -> None:
        self._claims.sign()

    def spent(self, purpose: str) -> Usage:
        row = self._reading.execute(
            "SELECT calls, prompt_tokens, completion_tokens, cost_usd FROM spending WHERE purpose = ?", (purpose,)
        ).fetchone()
        return Usage(*row) if row else Usage()

    def look(self, benchmark: str, model: str, program: str, questions: str) -> int:
        self._writing.execute(
            "INSERT OR IGNORE INTO test_evaluations VALUES (?, ?, ?, ?, ?)",
            (benchmark, model, program, questions, time.time()),
        )
        (looks,) = self._writing.execute(
            "SELECT count(*) FROM test_evaluations WHERE benchmark = ? AND model = ?", (benchmark, model)
        ).fetchone()
        return int(looks)

    def stop_retrying(self) -> None:
        """Does nothing: a file is there or not."""

    def close(self) -> None:
        with suppress(UserError):  # a full disk, perhaps; whoever wants to claim the same finds this process gone
            self._claims.leave()
        self._reading.close()
        self._writing.close()

    @contextmanager
    def _written(self) -> Iterator[None]:
        """A transaction.

        Raises:
            UserError: the file can't be written.
        """
        try:
            with self._transaction():
                yield
        except sqlite3.Error as error:
            reason = f"{self._path}: can't be written ({error}); mend that, and the same command goes on"
            raise UserError(reason) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._writing.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._writing.execute("ROLLBACK")
            raise
        self._writing.execute("COMMIT")


def _completions(connection: sqlite3.Connection, keys: Sequence[str]) -> dict[str, Completion]:
    if len(keys) == 1:
        row = connection.execute(_BY_KEY, keys).fetchone()
        return {keys[0]: Completion(*row)} if row else {}
    rows = connection.execute(f"{_MANY} ({','.join('?' * len(keys))})", keys)
    return {key: Completion(*row) for key, *row in rows}


def _busy(error: BaseException) -> bool:
    """Whether another command is just making the file; SQLite's own waiting does not cover a change of journal."""
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
