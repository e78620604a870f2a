"""Completions in a SQLite file."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from data import BadInput
from programs.engine.request import Completion
from programs.engine.store.claimant import Claimant, is_gone, this_process
from programs.engine.store.database import SCHEMA, Claim, Row, Spent

_BUSY_SECONDS = 60
_BY_KEY = (
    "SELECT text, finish_reason, prompt_tokens, completion_tokens, cached_tokens, cost_usd, seconds"
    " FROM completions WHERE key = ?"
)
_MANY = f"SELECT key, {_BY_KEY.removeprefix('SELECT ').removesuffix('= ?')}IN"
_CLAIM = (
    "INSERT INTO claims VALUES (?, ?)"
    " ON CONFLICT (key) DO UPDATE SET claimant = claimant WHERE claimant = excluded.claimant"
)

T = TypeVar("T")


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
        self._claimant: Claimant | None = None
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
            raise BadInput(f"{path}: not a usable vote store ({error}); name another with --store") from error

    def _prepare(self) -> None:
        """Makes the tables in a new file; refuses a file of something else without touching it."""
        with self._transaction():
            (version,) = self._writing.execute("PRAGMA user_version").fetchone()
            (tables,) = self._writing.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if version > SCHEMA or (tables and not version):
            kind = "by another version of openmedlm" if version else "by something else"
            raise BadInput(f"{self._path}: written {kind}; name another file with --store")
        if version < SCHEMA:
            from programs.engine.store.migrating import migrate_sqlite

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
        return self._written(lambda: self._insert(rows))

    def _insert(self, rows: Sequence[Row]) -> list[Completion]:
        now = time.time()
        written = self._writing.executemany(
            "INSERT OR IGNORE INTO completions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(row.key, row.model, row.endpoint, now, *row.completion) for row in rows],
        )
        new = written.rowcount == len(rows)
        if self._claimant is not None:
            self._free([row.key for row in rows])
        bought = [(row.purpose, row.completion) for row in rows if row.purpose is not None]
        if bought:
            self._writing.executemany(
                "INSERT INTO spending VALUES (?, 1, ?, ?, ?) ON CONFLICT (purpose) DO UPDATE SET calls = calls + 1,"
                " prompt_tokens = prompt_tokens + excluded.prompt_tokens,"
                " completion_tokens = completion_tokens + excluded.completion_tokens,"
                " cost_usd = cost_usd + excluded.cost_usd",
                [(purpose, c.prompt_tokens, c.completion_tokens, c.cost_usd or 0.0) for purpose, c in bought],
            )
        if new:
            return [row.completion for row in rows]
        kept = _completions(self._writing, [row.key for row in rows])
        return [kept[row.key] for row in rows]

    def claim(self, keys: Sequence[str], free: Sequence[str]) -> Claim:
        known = self._claimant
        try:
            return self._written(lambda: self._claim(keys, free))
        except BaseException:
            self._claimant = known  # a new one was not written down
            raise

    def _claim(self, keys: Sequence[str], free: Sequence[str]) -> Claim:
        if free:
            self._free(free)
        found = _completions(self._writing, keys)
        missing = [key for key in keys if key not in found]
        held = self._inserted(missing)
        if len(held) < len(missing) and self._let_go_of_gone():
            held |= self._inserted([key for key in missing if key not in held])
        return Claim(frozenset(held), found)

    def _inserted(self, keys: Sequence[str]) -> set[str]:
        """Those of the keys that are claimed by this process now."""
        name = self._claimant_name()
        held = set()
        for key in keys:
            cursor = self._writing.execute(_CLAIM, (key, name))
            if cursor.rowcount:
                held.add(key)
        return held

    def _claimant_name(self) -> str:
        if self._claimant is None:
            self._claimant = this_process()
            self._writing.execute("INSERT INTO claimants VALUES (?, ?, ?, ?)", (*self._claimant, time.time()))
        return self._claimant.name

    def _let_go_of_gone(self) -> bool:
        """Lets go of the claims of processes that are gone; whether there were such."""
        rows = self._writing.execute("SELECT name, host, pid, seen FROM claimants").fetchall()
        now = time.time()
        gone = [(name,) for name, host, pid, seen in rows if is_gone(Claimant(name, host, pid), now - seen)]
        self._writing.executemany("DELETE FROM claims WHERE claimant = ?", gone)
        self._writing.executemany("DELETE FROM claimants WHERE name = ?", gone)
        return bool(gone)

    def _free(self, keys: Sequence[str]) -> None:
        name = self._claimant_name()
        self._writing.executemany("DELETE FROM claims WHERE key = ? AND claimant = ?", [(key, name) for key in keys])

    def sign(self) -> None:
        if self._claimant is not None:
            # One that was taken for gone, since its machine slept, claims as a new one from then on.
            signed = self._written(
                lambda: self._writing.execute(
                    "UPDATE claimants SET seen = ? WHERE name = ?", (time.time(), self._claimant_name())
                )
            )
            if not signed.rowcount:
                self._claimant = None

    def spent(self, purpose: str) -> Spent:
        row = self._reading.execute(
            "SELECT calls, prompt_tokens, completion_tokens, cost_usd FROM spending WHERE purpose = ?", (purpose,)
        ).fetchone()
        return Spent(*row) if row else Spent()

    def look(self, benchmark: str, model: str, program: str, questions: str) -> int:
        self._writing.execute(
            "INSERT OR IGNORE INTO test_looks VALUES (?, ?, ?, ?, ?)",
            (benchmark, model, program, questions, time.time()),
        )
        (looks,) = self._writing.execute(
            "SELECT count(*) FROM test_looks WHERE benchmark = ? AND model = ?", (benchmark, model)
        ).fetchone()
        return int(looks)

    def close(self) -> None:
        if self._claimant is not None:
            gone = (self._claimant.name,)
            try:
                with self._transaction():
                    self._writing.execute("DELETE FROM claims WHERE claimant = ?", gone)
                    self._writing.execute("DELETE FROM claimants WHERE name = ?", gone)
            except sqlite3.Error:  # a full disk, perhaps; whoever wants to claim the same finds this process gone
                pass
        self._reading.close()
        self._writing.close()

    def _written(self, write: Callable[[], T]) -> T:
        """What a transaction came to.

        Raises:
            BadInput: the file can't be written.
        """
        try:
            with self._transaction():
                return write()
        except sqlite3.Error as error:
            reason = f"{self._path}: can't be written ({error}); mend that, and the same command goes on"
            raise BadInput(reason) from error

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
