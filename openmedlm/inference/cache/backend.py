"""Interface between the completion cache and its databases."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from openmedlm.inference.request import Completion

SCHEMA_VERSION = 4
"""Version of the database schema: the last step in `migrations/versions`."""

LEASE_SECONDS = 30.0
"""Seconds without a heartbeat after which a process loses its leases."""

HEARTBEAT_SECONDS = LEASE_SECONDS / 6
"""Seconds between two heartbeats."""


class Usage(NamedTuple):
    """Usage under one budget id: completions, their tokens, and their cost in US dollars where it is known."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0

    @property
    def tokens(self) -> int:
        """Prompt tokens plus completion tokens."""
        return self.prompt_tokens + self.completion_tokens


class Row(NamedTuple):
    """Completion to be written.

    Attributes:
        key: Cache key of the request.
        model: Model identity.
        endpoint: Addresses of the endpoint that answered.
        completion: The completion.
        budget_id: Name under which its usage is counted; None if it is not counted.
    """

    key: str
    model: str
    endpoint: str | None
    completion: Completion
    budget_id: str | None


class Lease(NamedTuple):
    """Result of acquiring keys; keys in neither attribute are leased to another process.

    Attributes:
        keys: Keys leased to the caller. No other process requests them until they are released or this process dies.
        completions: Completions that were already cached, by key.
    """

    keys: frozenset[str]
    completions: Mapping[str, Completion]


class Database(Protocol):
    """Database of completions and leases; each method is one transaction and blocks.

    A completion whose finish reason is among `FAILED_FINISH_REASONS`, as release 0.1.0 wrote it, counts as missing, and
    the next completion of its key replaces it.

    Attributes:
        remote: Whether calls are too slow for the event loop's thread.
        folder: Folder for temporary files of this process.
    """

    @property
    def remote(self) -> bool: ...
    @property
    def folder(self) -> Path: ...

    def get(self, keys: Sequence[str]) -> dict[str, Completion]:
        """Return the cached completions of those keys."""

    def put(self, rows: Sequence[Row]) -> list[Completion]:
        """Write completions, release their leases, count their usage, and return what is stored for each row.

        If a key is already stored, its stored completion stays.
        """

    def acquire(self, keys: Sequence[str], release: Sequence[str]) -> Lease:
        """Lease keys to this process, and release others; keys that it already holds are leased again."""

    def heartbeat(self) -> None:
        """Extend the leases of this process."""

    def spent(self, budget_id: str) -> Usage:
        """Return the usage under a budget id."""

    def record_test_use(self, benchmark: str, model: str, program: str, questions: str) -> int:
        """See `CompletionCache.record_test_use`."""

    def stop_retrying(self) -> None:
        """Stop waiting for an unreachable database, now and later."""

    def close(self) -> None:
        """Release all leases and close the connections."""
