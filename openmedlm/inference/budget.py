"""What may be spent on a purpose, kept to while it is spent."""

import asyncio
import time
from dataclasses import dataclass, field, replace

from openmedlm.inference.cache import CompletionCache, Usage


class BudgetExceeded(Exception):
    """A limit is reached; nothing more is sent."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be spent; None for no limit.

    Attributes:
        calls: completions bought.
        tokens: of them, read and written together.
        cost_usd: US dollars.
        seconds: of wall-clock time, from the moment the budget is made.
    """

    calls: int | None = None
    tokens: int | None = None
    cost_usd: float | None = None
    seconds: float | None = None


@dataclass
class Budget:
    """Admits calls until a limit is reached; what is in flight then still arrives, and is kept.

    What was spent is read from the vote store, where it is written in one transaction with the completions: a command
    that was killed, and others that spend on the same purpose, are counted to the last call.

    Attributes:
        store: where completions are kept.
        purpose: what they are bought for.
        limits: for the purpose.
        share: of the limits that may be used as yet, in (0, 1].
        began: when its seconds began, by the monotonic clock.
    """

    store: CompletionCache
    purpose: str
    limits: Limits
    share: float = 1.0
    began: float = field(default_factory=time.monotonic)
    _in_flight: int = 0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def admit(self, count: int = 1) -> int:
        """Called before completions are asked for; how many of them may be, one at least.

        Raises:
            BudgetExceeded: a limit is reached.
        """
        async with self._turn:  # or two would see the same room
            before = self._in_flight
            spent = await self.store.spent_async(self.purpose)
            unseen = before - self._in_flight  # perhaps written down too late to be among those spent
            admitted = 0
            while admitted < count and self._limit(spent, unseen) is None:
                self._in_flight += 1
                admitted += 1
            if not admitted:
                raise BudgetExceeded(self._limit(spent, unseen))
            return admitted

    def left(self) -> Limits:
        """The limits for somebody who begins now."""
        seconds = self.limits.seconds
        if seconds is None:
            return self.limits
        return replace(self.limits, seconds=max(0.0, seconds - (time.monotonic() - self.began)))

    def settle(self, count: int = 1) -> None:
        """Called once admitted completions are on disk, or could not be had."""
        self._in_flight -= count

    def reached(self) -> str | None:
        """The limit that is reached, in words; None while there is room. Waits for the store."""
        return self._limit(self.store.spent(self.purpose))

    def _limit(self, spent: Usage, unseen: int = 0) -> str | None:
        limits = self.limits
        if limits.calls is not None and spent.calls + self._in_flight + unseen >= int(limits.calls * self.share):
            return f"{limits.calls:,} calls"
        if limits.tokens is not None and spent.tokens >= limits.tokens * self.share:
            return f"{limits.tokens:,} tokens"
        if limits.cost_usd is not None and spent.cost_usd >= limits.cost_usd * self.share:
            return f"{limits.cost_usd:g} US dollars"
        if limits.seconds is not None and time.monotonic() - self.began >= limits.seconds * self.share:
            return f"{limits.seconds:g} seconds"
        return None
