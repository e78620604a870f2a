"""Limit on requests in flight, which adapts to the load that the endpoint accepts."""

import asyncio
from collections import deque

TOLERATED_REFUSAL_SHARE = 0.2
"""Share of refused requests in a round up to which the limit stays."""


class AdaptiveLimiter:
    """Semaphore for requests in flight whose limit falls while the endpoint refuses requests.

    A round is as many requests as the limit allows. If more than `TOLERATED_REFUSAL_SHARE` of a round was refused or
    timed out, the limit falls to the number of accepted requests. After any other round it doubles, up to half of the
    limit before the last fall, and then grows by one per round, as TCP's window does (Jacobson 1988). It starts at the
    maximum, so that an endpoint that accepts the maximum causes no delay.

    Args:
        max_limit: Maximum number of requests in flight.
    """

    def __init__(self, max_limit: int) -> None:
        self._max_limit = max_limit
        self._limit = float(max_limit)
        self._in_flight = 0
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._fell_at = float("-inf")
        self._slow_start_limit = 0.0
        self._round_size = 0
        self._round_refusals = 0

    @property
    def limit(self) -> int:
        """Requests that may be in flight now."""
        return int(self._limit)

    async def acquire(self) -> None:
        """Wait for a place, in the order of the calls; `release` frees it."""
        if self._in_flight < self.limit and not self._waiters:
            self._in_flight += 1
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release()
            raise

    def release(self) -> None:
        """Free a place."""
        self._in_flight -= 1
        self._admit()

    def record(self, sent: float, now: float, *, refused: bool) -> None:
        """Record the end of a request, and adapt the limit at the end of a round.

        Args:
            sent: Send time in seconds of a monotonic clock. Requests sent before the last fall of the limit are
                ignored, since they say nothing about the new limit.
            now: Current time of that clock.
            refused: Whether the endpoint was overloaded or did not respond in time.
        """
        if sent < self._fell_at:
            return
        self._round_size += 1
        self._round_refusals += refused
        if self._round_size < self._limit:
            return
        share = self._round_refusals / self._round_size
        if share > TOLERATED_REFUSAL_SHARE:
            self._slow_start_limit = self._limit / 2
            self._limit = max(1.0, self._limit * (1 - share))
            self._fell_at = now
        elif self._limit < self._max_limit:
            grown = 2 * self._limit if 2 * self._limit <= self._slow_start_limit else self._limit + 1
            self._limit = min(self._max_limit, grown)
            self._admit()
        self._round_size = self._round_refusals = 0

    def _admit(self) -> None:
        while self._waiters and self._in_flight < self.limit:
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._in_flight += 1
                waiter.set_result(None)
