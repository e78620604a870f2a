"""Limits on calls, tokens, cost and time."""

import asyncio
import time
from dataclasses import dataclass, field, replace

from openmedlm.inference.cache import CompletionCache, Usage


class BudgetExceeded(Exception):
    """A limit is reached, and no further request is sent."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a budget; None stands for no limit.

    Attributes:
        calls: Completions requested from the endpoint.
        tokens: Prompt tokens plus completion tokens.
        cost_usd: Cost in US dollars.
        seconds: Wall-clock seconds since the budget was created.

    Example:
        >>> Limits(calls=1000).tokens is None
        True
    """

    calls: int | None = None
    tokens: int | None = None
    cost_usd: float | None = None
    seconds: float | None = None


@dataclass
class Budget:
    """Admits calls until a limit is reached; calls in flight at that moment still finish and are cached.

    The usage is read from the completion cache, which counts it in the transaction that writes the completions.
    Killed commands and concurrent commands with the same `budget_id` are therefore counted exactly.

    Attributes:
        cache: Cache that counts the usage.
        budget_id: Name under which the usage is counted.
        limits: Limits of the budget.
        share: Fraction of the limits that may be used now, in (0, 1].
        began: Start of the time limit, in seconds of `time.monotonic`.
    """

    cache: CompletionCache
    budget_id: str
    limits: Limits
    share: float = 1.0
    began: float = field(default_factory=time.monotonic)
    _in_flight: int = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def admit(self, count: int = 1) -> int:
        """Return how many of `count` completions may be requested now, at least 1.

        Raises:
            BudgetExceeded: A limit is reached.
        """
        async with self._lock:  # else two tasks would claim the same remainder
            before = self._in_flight
            spent = await self.cache.spent_async(self.budget_id)
            uncounted = before - self._in_flight  # settled meanwhile, maybe after `spent` was read
            admitted = 0
            while admitted < count and self._reached_limit(spent, uncounted) is None:
                self._in_flight += 1
                admitted += 1
            if not admitted:
                raise BudgetExceeded(self._reached_limit(spent, uncounted))
            return admitted

    def remaining(self) -> Limits:
        """Return the limits with the seconds that remain from now on."""
        seconds = self.limits.seconds
        if seconds is None:
            return self.limits
        return replace(self.limits, seconds=max(0.0, seconds - (time.monotonic() - self.began)))

    def settle(self, count: int = 1) -> None:
        """Record that `count` admitted completions are on disk or have failed."""
        self._in_flight -= count

    def reached(self) -> str | None:
        """Return the limit that is reached, as text; None if no limit is reached. Blocks on the cache."""
        return self._reached_limit(self.cache.spent(self.budget_id))

    def _reached_limit(self, spent: Usage, uncounted: int = 0) -> str | None:
        limits = self.limits
        if limits.calls is not None and spent.calls + self._in_flight + uncounted >= int(limits.calls * self.share):
            return f"{limits.calls:,} calls"
        if limits.tokens is not None and spent.tokens >= limits.tokens * self.share:
            return f"{limits.tokens:,} tokens"
        if limits.cost_usd is not None and spent.cost_usd >= limits.cost_usd * self.share:
            return f"{limits.cost_usd:g} US dollars"
        if limits.seconds is not None and time.monotonic() - self.began >= limits.seconds * self.share:
            return f"{limits.seconds:g} seconds"
        return None
