"""Completions by key, for one event loop after another."""

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
    """Completions by key, in a database that several commands may use at once.

    What arrives in the same turn of the event loop goes to the database in one transaction; `put` returns once its own
    completion is on disk. A SQLite file is written in the loop's own thread: no commit waits for the disk in its mode,
    and handing a group to another thread costs more than writing it.

    Args:
        where: a SQLite file, whose directory is made, or the URL of a PostgreSQL database.

    Attributes:
        place: what opens it from anywhere, with its password.
    """

    def __init__(self, where: Path | str) -> None:
        where = str(where).removeprefix("sqlite:///")
        self.place = where if "://" in where else str(Path(where).absolute())
        self._database = _open(where)
        aside = self._database.remote
        self._gets = MicroBatcher(self._get_groups, aside=aside)
        self._claims = MicroBatcher(self._claim_groups, aside=aside, missed=lambda claim: self.free(claim.held))
        self._puts = MicroBatcher(self._database.put, aside=aside)
        self._spending = MicroBatcher(self._spent_groups, aside=aside)
        self._held: set[str] = set()
        self._freed: list[str] = []
        self._signing: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    @property
    def folder(self) -> Path:
        """Where files may lie that go with the process."""
        return self._database.folder

    def get(self, key: str) -> Completion | None:
        """The completion of that key; waits for the database."""
        return self._database.get([key]).get(key)

    async def get_many(self, keys: Sequence[str]) -> dict[str, Completion]:
        """The completions of those keys that there are."""
        return await self._gets(keys) if self._database.remote else self._database.get(keys)

    async def put(
        self, key: str, model: str, endpoint: str | None, completion: Completion, purpose: str | None = None
    ) -> Completion:
        """Keeps a completion, and lets go of the claim on it; returns what is on disk then.

        That is another one where the key was there already: two commands that buy the same at the same moment both use
        the one that came first.

        Args:
            key, model, endpoint: of the request, and who answered it.
            completion: what was answered.
            purpose: what it was bought for; it is counted there in the same transaction.
        """
        kept = await self._puts(Row(key, model, endpoint, completion, purpose))
        self._held.discard(key)
        return kept

    async def claim(self, keys: Sequence[str]) -> Lease:
        """Claims what is to be bought, so that nobody else buys it meanwhile.

        Each key that is held has to be `put` or `free`d. The claims of a process that is gone are anybody's.
        """
        claimed = await self._claims(keys)
        if claimed.held and (self._signing is None or self._signing.done()):
            self._signing = asyncio.create_task(self._sign())
        return claimed

    def free(self, keys: Iterable[str]) -> None:
        """Lets go of claims, with the next group of them, or at the end."""
        for key in keys:
            if key in self._held:
                self._held.discard(key)
                self._freed.append(key)

    def stop_retrying(self) -> None:
        """Waits no more for a database that is away."""
        self._database.stop_retrying()

    async def drain(self) -> None:
        """Returns once everything given to `put` is on disk, and no claim is held that was let go of."""
        await self._puts.drain()
        if self._freed:
            await self._claims(())

    def spent(self, purpose: str) -> Usage:
        """What was spent on a purpose so far, by whoever uses this store; waits for the database."""
        return self._database.spent(purpose)

    async def spent_async(self, purpose: str) -> Usage:
        """The same, while the event loop goes on."""
        return await self._spending(purpose) if self._database.remote else self._database.spent(purpose)

    def record_test_use(self, benchmark: str, model: str, program: str, questions: str) -> int:
        """Writes down that a program met test questions.

        Args:
            benchmark, model: whose test split, and which model.
            program, questions: digests; the same program over the same questions is one look, however often it runs.

        Returns:
            How many different looks at this benchmark's test split there were with this model, this one included.
        """
        return self._database.look(benchmark, model, program, questions)

    async def _sign(self) -> None:
        """Shows that this process lives, for as long as it holds claims."""
        while self._held:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            with suppress(UserError):  # the next claim, or the next completion, tells
                if self._database.remote:
                    await asyncio.to_thread(self._database.sign)
                else:
                    self._database.sign()

    def _get_groups(self, groups: Sequence[Sequence[str]]) -> list[dict[str, Completion]]:
        found = self._database.get([key for group in groups for key in group])
        return [{key: found[key] for key in group if key in found} for group in groups]

    def _claim_groups(self, groups: Sequence[Sequence[str]]) -> list[Lease]:
        freed, self._freed = self._freed, []
        # What this process holds already another buyer of it is buying.
        claimed = self._database.claim([key for group in groups for key in group if key not in self._held], freed)
        left = set(claimed.held)
        claims = []
        for group in groups:
            held = left.intersection(group)
            left -= held  # two that claim the same in one turn: the first has it
            self._held |= held
            claims.append(Lease(frozenset(held), {key: claimed.found[key] for key in group if key in claimed.found}))
        return claims

    def _spent_groups(self, purposes: Sequence[str]) -> list[Usage]:
        known = {purpose: self._database.spent(purpose) for purpose in set(purposes)}
        return [known[purpose] for purpose in purposes]


def _open(where: str) -> Database:
    if "://" in where:
        from openmedlm.inference.cache.postgres import PostgresDatabase

        return PostgresDatabase(where)
    from openmedlm.inference.cache.sqlite import SqliteDatabase

    return SqliteDatabase(Path(where))
