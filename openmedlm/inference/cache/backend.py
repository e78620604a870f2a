"""What a vote store needs of a database."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from openmedlm.inference.request import Completion

SCHEMA = 3
"""The schema's version: the last of `migrations/versions`."""

LEASE_SECONDS = 30.0
"""Seconds after which a claimant that gave no sign of life has lost its claims."""

HEARTBEAT_SECONDS = LEASE_SECONDS / 6
"""Seconds between two signs of life."""


class Usage(NamedTuple):
    """What was spent on a purpose: completions bought, their tokens, US dollars where their price is known."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0

    @property
    def tokens(self) -> int:
        """Read and written together."""
        return self.prompt_tokens + self.completion_tokens


class Row(NamedTuple):
    """A completion on its way to the disk.

    Attributes:
        key, model, endpoint: of the request, and who answered it.
        completion: what was answered.
        purpose: what it was bought for; None where nobody counts.
    """

    key: str
    model: str
    endpoint: str | None
    completion: Completion
    purpose: str | None


class Lease(NamedTuple):
    """What became of keys that somebody wants to buy.

    Attributes:
        held: those that are the claimant's to buy; nobody else does until it lets go of them, or dies.
        found: completions of those that were bought meanwhile. What is in neither is another's to buy.
    """

    held: frozenset[str]
    found: Mapping[str, Completion]


class Database(Protocol):
    """A database of completions and claims; each method is one transaction, and waits for the database.

    Attributes:
        remote: whether a call may take so long that an event loop should not wait for it.
        folder: where files may lie that go with the process.
    """

    @property
    def remote(self) -> bool: ...
    @property
    def folder(self) -> Path: ...

    def get(self, keys: Sequence[str]) -> dict[str, Completion]:
        """The completions of those keys that there are."""

    def put(self, rows: Sequence[Row]) -> list[Completion]:
        """Keeps completions, and lets go of the claims on them; what is there then, for each row.

        That is another one where the key was there already. What was bought for a purpose is counted there.
        """

    def claim(self, keys: Sequence[str], free: Sequence[str]) -> Lease:
        """Claims keys for this process, and lets go of others; what it holds already it is told again."""

    def sign(self) -> None:
        """Gives a sign of life, for the claims that this process holds."""

    def spent(self, purpose: str) -> Usage:
        """What was spent on a purpose so far."""

    def look(self, benchmark: str, model: str, program: str, questions: str) -> int:
        """Writes down a look at test; how many there were (`CompletionCache.record_test_use`)."""

    def stop_retrying(self) -> None:
        """Waits no more for a database that is away, now or later."""

    def close(self) -> None:
        """Lets go of everything."""
