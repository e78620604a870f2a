"""Every completion that was ever paid for, on disk before it is used."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from data import BadInput
from programs.engine.request import Completion

_SCHEMA_VERSION = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS completions (
    key TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    endpoint TEXT,
    bought_at REAL NOT NULL,
    text TEXT NOT NULL,
    finish_reason TEXT,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    cost_usd REAL,
    seconds REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS test_looks (
    benchmark TEXT NOT NULL,
    model TEXT NOT NULL,
    program TEXT NOT NULL,
    questions TEXT NOT NULL,
    looked_at REAL NOT NULL,
    PRIMARY KEY (benchmark, model, program, questions)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spending (
    purpose TEXT PRIMARY KEY,
    calls INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cost_usd REAL NOT NULL
) WITHOUT ROWID;
"""
_BY_KEY = (
    "SELECT text, finish_reason, prompt_tokens, completion_tokens, cached_tokens, cost_usd, seconds"
    " FROM completions WHERE key = ?"
)
_MANY = f"SELECT key, {_BY_KEY.removeprefix('SELECT ').removesuffix('= ?')}IN"
_ADDABLE = (1,)
"""Older versions, which lack tables that this one has and differ in nothing else."""


class Spent(NamedTuple):
    """What was spent on a purpose: completions bought, their tokens, US dollars where their price is known."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0

    @property
    def tokens(self) -> int:
        """Read and written together."""
        return self.prompt_tokens + self.completion_tokens


class _Row(NamedTuple):
    """A completion on its way to the disk: what it was bought for, its row, and itself."""

    purpose: str | None
    values: tuple[object, ...]
    bought: Completion


class VoteStore:
    """Completions by key, in a SQLite file that several commands may use at once.

    Completions are written in groups, one transaction for all that arrived in the same turn of the event loop; `put`
    returns once its own is on disk. They are written in the loop's own thread: no commit waits for the disk in this
    mode of SQLite, and handing a group to another thread costs more than writing it.

    Args:
        path: of the database file; its directory is made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Two connections, so that a reader never sees a group that is not committed yet.
            self._reading, self._writing = (_open(path) for _ in range(2))
            waiting = Retrying(
                retry=retry_if_exception(_busy), stop=stop_after_delay(60), wait=wait_fixed(0.05), reraise=True
            )
            for attempt in waiting:
                with attempt:
                    self._prepare()
        except (OSError, sqlite3.DatabaseError) as error:
            raise BadInput(f"{path}: not a usable vote store ({error}); name another with --store") from error
        self._waiting: list[tuple[_Row, asyncio.Future[Completion]]] = []
        self._writer: asyncio.Task[None] | None = None

    def _prepare(self) -> None:
        """Makes the tables in a new file; refuses a file of something else without touching it."""
        self._writing.execute("BEGIN IMMEDIATE")
        try:
            (version,) = self._writing.execute("PRAGMA user_version").fetchone()
            (tables,) = self._writing.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if version in _ADDABLE or (version == 0 and not tables):
                for statement in _SCHEMA.split(";"):
                    self._writing.execute(statement)
                self._writing.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
            elif version != _SCHEMA_VERSION:
                kind = "by another version of openmedlm" if version else "by something else"
                raise BadInput(f"{self.path}: written {kind}; name another file with --store")
        finally:
            self._writing.execute("COMMIT")
        self._writing.execute("PRAGMA journal_mode = WAL")
        # In WAL mode NORMAL loses no commit when the process dies; only a power cut can take the last ones.
        self._writing.execute("PRAGMA synchronous = NORMAL")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reading.close()
        self._writing.close()

    def get(self, key: str) -> Completion | None:
        row = self._reading.execute(_BY_KEY, (key,)).fetchone()
        return Completion(*row) if row else None

    def get_many(self, keys: Sequence[str]) -> dict[str, Completion]:
        """The completions of those keys that there are."""
        rows = self._reading.execute(f"{_MANY} ({','.join('?' * len(keys))})", keys)
        return {key: Completion(*row) for key, *row in rows}

    async def put(
        self, key: str, model: str, endpoint: str | None, completion: Completion, purpose: str | None = None
    ) -> Completion:
        """Keeps a completion; returns what is on disk then.

        That is another one where the key was there already: two commands that buy the same at the same moment both use
        the one that came first.

        Args:
            key, model, endpoint: of the request, and who answered it.
            completion: what was answered.
            purpose: what it was bought for; it is counted there in the same transaction.
        """
        kept: asyncio.Future[Completion] = asyncio.get_running_loop().create_future()
        c = completion
        told = (c.text, c.finish_reason, c.prompt_tokens, c.completion_tokens, c.cached_tokens, c.cost_usd, c.seconds)
        self._waiting.append((_Row(purpose, (key, model, endpoint, time.time(), *told), completion), kept))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await kept

    async def drain(self) -> None:
        """Returns once everything given to `put` is on disk."""
        if self._writer is not None:
            await self._writer

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                on_disk = self._insert([row for row, _ in group])
            except Exception as error:
                reason = BadInput(f"{self.path}: can't be written ({error}); mend that, and the same command goes on")
                for _, kept in group:
                    if not kept.cancelled():
                        kept.set_exception(reason)
            else:
                for (_, kept), completion in zip(group, on_disk, strict=True):
                    if not kept.cancelled():
                        kept.set_result(completion)

    def _insert(self, rows: Sequence["_Row"]) -> list[Completion]:
        """Writes rows in one transaction; returns what is on disk then for each."""
        self._writing.execute("BEGIN IMMEDIATE")
        try:
            written = self._writing.executemany(
                "INSERT OR IGNORE INTO completions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [row.values for row in rows],
            )
            new = written.rowcount == len(rows)
            self._writing.executemany(
                "INSERT INTO spending VALUES (?, 1, ?, ?, ?) ON CONFLICT (purpose) DO UPDATE SET calls = calls + 1,"
                " prompt_tokens = prompt_tokens + excluded.prompt_tokens,"
                " completion_tokens = completion_tokens + excluded.completion_tokens,"
                " cost_usd = cost_usd + excluded.cost_usd",
                [
                    (row.purpose, row.bought.prompt_tokens, row.bought.completion_tokens, row.bought.cost_usd or 0.0)
                    for row in rows
                    if row.purpose is not None
                ],
            )
            kept = [row.bought if new else self._kept(row) for row in rows]
            self._writing.execute("COMMIT")
            return kept
        except BaseException:
            self._writing.execute("ROLLBACK")
            raise

    def _kept(self, row: "_Row") -> Completion:
        return Completion(*self._writing.execute(_BY_KEY, row.values[:1]).fetchone())

    def spent(self, purpose: str) -> Spent:
        """What was spent on a purpose so far, by whoever uses this store."""
        row = self._reading.execute(
            "SELECT calls, prompt_tokens, completion_tokens, cost_usd FROM spending WHERE purpose = ?", (purpose,)
        ).fetchone()
        return Spent(*row) if row else Spent()

    def record_look(self, benchmark: str, model: str, program: str, questions: str) -> int:
        """Writes down that a program met test questions.

        Args:
            benchmark, model: whose test split, and which model.
            program, questions: digests; the same program over the same questions is one look, however often it runs.

        Returns:
            How many different looks at this benchmark's test split there were with this model, this one included.
        """
        self._writing.execute(
            "INSERT OR IGNORE INTO test_looks VALUES (?, ?, ?, ?, ?)",
            (benchmark, model, program, questions, time.time()),
        )
        (looks,) = self._writing.execute(
            "SELECT count(*) FROM test_looks WHERE benchmark = ? AND model = ?", (benchmark, model)
        ).fetchone()
        return int(looks)


def _busy(error: BaseException) -> bool:
    """Whether another command is just making the file; SQLite's own waiting does not cover a change of journal."""
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
