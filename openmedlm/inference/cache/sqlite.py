"""Completion database in a SQLite file."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from openmedlm.data import UserError
from openmedlm.inference.cache.backend import SCHEMA_VERSION, Lease, Row, Usage
from openmedlm.inference.cache.sqlite_leases import SqliteLeases
from openmedlm.inference.request import Completion

_BUSY_TIMEOUT_SECONDS = 60
_COLUMNS = (
    "text, finish_reason, prompt_tokens, completion_tokens, cached_tokens, cost_usd, seconds, "
    "reasoning, reasoning_tokens"
)
_SOUND = "(finish_reason IS NULL OR finish_reason NOT IN ('error', 'abort'))"
_GET_ONE = f"SELECT {_COLUMNS} FROM completions WHERE {_SOUND} AND key = ?"  # noqa: S608
_GET_MANY = f"SELECT key, {_COLUMNS} FROM completions WHERE {_SOUND} AND key IN"  # noqa: S608
_PUT = (
    "INSERT INTO completions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
    " model = excluded.model, endpoint = excluded.endpoint, bought_at = excluded.bought_at, text = excluded.text,"
    " finish_reason = excluded.finish_reason, prompt_tokens = excluded.prompt_tokens,"
    " completion_tokens = excluded.completion_tokens, cached_tokens = excluded.cached_tokens,"
    " cost_usd = excluded.cost_usd, seconds = excluded.seconds, reasoning = excluded.reasoning,"
    " reasoning_tokens = excluded.reasoning_tokens WHERE completions.finish_reason IN ('error', 'abort')"
)


class SqliteDatabase:
    """`Database` in a file that several processes of one machine may use at once.

    The SQL is written by hand: through SQLAlchemy, each statement would take as long as the rest of the engine's work
    for a call.

    Args:
        path: The file; its folder is created.
    """

    remote = False

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Two connections, so that a reader never sees an uncommitted batch.
            self._reader, self._writer = (_connect(path) for _ in range(2))
            retrying = Retrying(
                retry=retry_if_exception(_is_locked),
                stop=stop_after_delay(_BUSY_TIMEOUT_SECONDS),
                wait=wait_fixed(0.05),
                reraise=True,
            )
            for attempt in retrying:
                with attempt:
                    self._prepare()
        except (OSError, sqlite3.DatabaseError) as error:
            raise UserError(
                f"cannot open the completion cache {path}: {error}. Name another file with --store."
            ) from error
        self._leases = SqliteLeases(self._writer, self._write_transaction, partial(_completions, self._writer))

    def _prepare(self) -> None:
        """Create the tables in a new file; refuse any other file without changing it."""
        with self._transaction():
            (version,) = self._writer.execute("PRAGMA user_version").fetchone()
            tables = {name for (name,) in self._writer.execute("SELECT name FROM sqlite_master")}
        ours = version > 0 and "completions" in tables
        if version > SCHEMA_VERSION or (tables and not ours):
            writer = "another version of openmedlm" if ours else "another program"
            raise UserError(
                f"unknown database schema in {self._path}: written by {writer}. Name another file with --store."
            )
        if version < SCHEMA_VERSION:
            from openmedlm.inference.cache.migrate import migrate_sqlite

            migrate_sqlite(self._path)
        self._writer.execute("PRAGMA journal_mode = WAL")
        # In WAL mode, NORMAL loses no commit if the process dies; only a power cut can lose the last ones.
        self._writer.execute("PRAGMA synchronous = NORMAL")

    @property
    def folder(self) -> Path:
        return self._path.parent

    def get(self, keys: Sequence[str]) -> dict[str, Completion]:
        return _completions(self._reader, keys)

    def put(self, rows: Sequence[Row]) -> list[Completion]:
        with self._write_transaction():
            return self._insert(rows)

    def _insert(self, rows: Sequence[Row]) -> list[Completion]:
        now = time.time()
        inserted = self._writer.executemany(
            _PUT,
            [(row.key, row.model, row.endpoint, now, *row.completion) for row in rows],
        )
        all_new = inserted.rowcount == len(rows)
        self._leases.remove([row.key for row in rows])
        counted = [(row.budget_id, row.completion) for row in rows if row.budget_id is not None]
        if counted:
            self._writer.executemany(
                "INSERT INTO spending VALUES (?, 1, ?, ?, ?) ON CONFLICT (purpose) DO UPDATE SET calls = calls + 1,"
                " prompt_tokens = prompt_tokens + excluded.prompt_tokens,"
                " completion_tokens = completion_tokens + excluded.completion_tokens,"
                " cost_usd = cost_usd + excluded.cost_usd",
                [(budget_id, c.prompt_tokens, c.completion_tokens, c.cost_usd or 0.0) for budget_id, c in counted],
            )
        if all_new:
            return [row.completion for row in rows]
        stored = _completions(self._writer, [row.key for row in rows])
        return [stored[row.key] for row in rows]

    def acquire(self, keys: Sequence[str], release: Sequence[str]) -> Lease:
        return self._leases.acquire(keys, release)

    def heartbeat(self) -> None:
        self._leases.heartbeat()

    def spent(self, budget_id: str) -> Usage:
        row = self._reader.execute(
            "SELECT calls, prompt_tokens, completion_tokens, cost_usd FROM spending WHERE purpose = ?", (budget_id,)
        ).fetchone()
        return Usage(*row) if row else Usage()

    def record_test_use(self, benchmark: str, model: str, program: str, questions: str) -> int:
        self._writer.execute(
            "INSERT OR IGNORE INTO test_looks VALUES (?, ?, ?, ?, ?)",
            (benchmark, model, program, questions, time.time()),
        )
        (evaluations,) = self._writer.execute(
            "SELECT count(*) FROM test_looks WHERE benchmark = ? AND model = ?", (benchmark, model)
        ).fetchone()
        return int(evaluations)

    def stop_retrying(self) -> None:
        """Do nothing: a file is never unreachable for a while."""

    def close(self) -> None:
        with suppress(UserError):  # the disk may be full; other processes see that this one has ended
            self._leases.release_all()
        self._reader.close()
        self._writer.close()

    @contextmanager
    def _write_transaction(self) -> Iterator[None]:
        """Run a transaction.

        Raises:
            UserError: The file cannot be written.
        """
        try:
            with self._transaction():
                yield
        except sqlite3.Error as error:
            raise UserError(
                f"cannot write the completion cache {self._path}: {error}. Fix this and rerun the command to resume."
            ) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._writer.execute("ROLLBACK")
            raise
        self._writer.execute("COMMIT")


def _completions(connection: sqlite3.Connection, keys: Sequence[str]) -> dict[str, Completion]:
    if len(keys) == 1:
        row = connection.execute(_GET_ONE, keys).fetchone()
        return {keys[0]: Completion(*row)} if row else {}
    rows = connection.execute(f"{_GET_MANY} ({','.join('?' * len(keys))})", keys)
    return {key: Completion(*row) for key, *row in rows}


def _is_locked(error: BaseException) -> bool:
    """Return whether another command creates the file now; SQLite's timeout does not cover a change of journal."""
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False)
