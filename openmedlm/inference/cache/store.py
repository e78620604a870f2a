"""Cache of completions by key."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from openmedlm.data import UserError
from openmedlm.inference.cache.backend import HEARTBEAT_SECONDS, Database, Lease, Row, Usage
from openmedlm.inference.cache.micro_batch import MicroBatcher
from openmedlm.inference.request import Completion


class CompletionCache:
    """Cache of completions by key, in a database that several commands may use at once.

    Completions that arrive in the same turn of the event loop are written in one transaction; `put` returns once its
    own completion is on disk. A SQLite file is written in the event loop's thread: its commits do not wait for the
    disk, and handing a batch to another thread costs more than writing it.

    Args:
        where: SQLite file, whose folder is created, or URL of a PostgreSQL database.

    Attributes:
        location: Absolute path, or URL with password, that opens the cache from any working directory.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, CompletionCache(f"{folder}/votes.sqlite") as cache:
        ...     print(cache.get("no-such-key"))
        None
    """

    def __init__(self, where: Path | str) -> None:
        where = str(where).removeprefix("sqlite:///")
        self.location = where if "://" in where else str(Path(where).absolute())
        self._database = _open(where)
        in_thread = self._database.remote
        self._gets = MicroBatcher(self._get_batch, in_thread=in_thread)
        self._acquires = MicroBatcher(
            self._acquire_batch, in_thread=in_thread, on_abandoned=lambda lease: self.release(lease.keys)
        )
        self._puts = MicroBatcher(self._database.put, in_thread=in_thread)
        self._usages = MicroBatcher(self._spent_batch, in_thread=in_thread)
        self._leased: set[str] = set()
        self._released: list[str] = []
        self._heartbeats: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    @property
    def folder(self) -> Path:
        """Folder for temporary files of this process."""
        return self._database.folder

    def get(self, key: str) -> Completion | None:
        """Return the completion of a key, or None; blocks on the database."""
        return self._database.get([key]).get(key)

    async def get_many(self, keys: Sequence[str]) -> dict[str, Completion]:
        """Return the cached completions of those keys."""
        return await self._gets(keys) if self._database.remote else self._database.get(keys)

    async def put(
        self, key: str, model: str, endpoint: str | None, completion: Completion, budget_id: str | None = None
    ) -> Completion:
        """Write a completion, release the lease of its key, and return the completion that is stored.

        If the key is already stored, that completion stays: two commands that request the same at the same moment
        both use the first one.

        Args:
            key: Cache key of the request.
            model: Model identity.
            endpoint: Addresses of the endpoint that answered.
            completion: The completion.
            budget_id: Name under which its usage is counted, in the same transaction; None if it is not counted.
        """
        stored = await self._puts(Row(key, model, endpoint, completion, budget_id))
        self._leased.discard(key)
        return stored

    async def acquire(self, keys: Sequence[str]) -> Lease:
        """Lease keys, so that no other process requests their completions meanwhile.

        Each leased key must be `put` or released. The leases of a dead process become free.
        """
        lease = await self._acquires(keys)
        if lease.keys and (self._heartbeats is None or self._heartbeats.done()):
            self._heartbeats = asyncio.create_task(self._send_heartbeats())
        return lease

    def release(self, keys: Iterable[str]) -> None:
        """Release leases, together with the next acquisition or `drain`."""
        for key in keys:
            if key in self._leased:
                self._leased.discard(key)
                self._released.append(key)

    def stop_retrying(self) -> None:
        """Stop waiting for an unreachable database."""
        self._database.stop_retrying()

    async def drain(self) -> None:
        """Wait until every completion given to `put` is on disk and every released lease is free."""
        await self._puts.drain()
        if self._released:
            await self._acquires(())

    def spent(self, budget_id: str) -> Usage:
        """Return the usage under a budget id, of all commands that use this cache; blocks on the database."""
        return self._database.spent(budget_id)

    async def spent_async(self, budget_id: str) -> Usage:
        """Return the usage under a budget id without blocking the event loop."""
        return await self._usages(budget_id) if self._database.remote else self._database.spent(budget_id)

    def record_test_use(self, benchmark: str, model: str, program: str, questions: str) -> int:
        """Record that a program is evaluated on test questions.

        Args:
            benchmark: Benchmark of the test split.
            model: Model identity.
            program, questions: Digests. The same program on the same questions counts once.

        Returns:
            The number of different evaluations of this model on this benchmark's test split, this one included.
        """
        return self._database.record_test_use(benchmark, model, program, questions)

    async def _send_heartbeats(self) -> None:
        """Send heartbeats while this process holds leases."""
        while self._leased:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            with suppress(UserError):  # the next acquisition or completion raises it
                if self._database.remote:
                    await asyncio.to_thread(self._database.heartbeat)
                else:
                    self._database.heartbeat()

    def _get_batch(self, batch: Sequence[Sequence[str]]) -> list[dict[str, Completion]]:
        completions = self._database.get([key for keys in batch for key in keys])
        return [{key: completions[key] for key in keys if key in completions} for keys in batch]

    def _acquire_batch(self, batch: Sequence[Sequence[str]]) -> list[Lease]:
        released, self._released = self._released, []
        # Another client of this process already requests the keys that it holds.
        wanted = [key for keys in batch for key in keys if key not in self._leased]
        acquired = self._database.acquire(wanted, released)
        available = set(acquired.keys)
        leases = []
        for keys in batch:
            leased = available.intersection(keys)
            available -= leased  # if two callers want a key in one turn, the first gets it
            self._leased |= leased
            completions = {key: acquired.completions[key] for key in keys if key in acquired.completions}
            leases.append(Lease(frozenset(leased), completions))
        return leases

    def _spent_batch(self, budget_ids: Sequence[str]) -> list[Usage]:
        usages = {budget_id: self._database.spent(budget_id) for budget_id in set(budget_ids)}
        return [usages[budget_id] for budget_id in budget_ids]


def _open(where: str) -> Database:
    if "://" in where:
        from openmedlm.inference.cache.postgres import PostgresDatabase

        return PostgresDatabase(where)
    from openmedlm.inference.cache.sqlite import SqliteDatabase

    return SqliteDatabase(Path(where))
