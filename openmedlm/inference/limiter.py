"""How many requests are in flight: as many as the endpoint takes."""

import asyncio
from collections import deque

TOLERATED = 0.2
"""Share of refusals in a round up to which the endpoint is given no way."""


class AdaptiveLimiter:
    """Slots for requests in flight, fewer while the endpoint pushes back.

    After each round of requests, as many as there are slots, their number falls to as many as were neither refused nor
    late, where the share of those is more than `TOLERATED`, so that a fault now and then takes none; else it doubles up
    to half of what it fell from, and then grows by one a round, as TCP's window does (Jacobson 1988). It starts at the
    most, since a server that takes them should not have to wait.

    Args:
        most: slots, at most.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._changed = float("-inf")
        self._soon = 0.0
        self._round = 0
        self._refused = 0

    @property
    def limit(self) -> int:
        """Slots that there are now."""
        return int(self._limit)

    async def take(self) -> None:
        """Returns once a slot is free, to whoever came first; `give` frees it."""
        if self._taken < self.limit and not self._waiting:
            self._taken += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()
            raise

    def give(self) -> None:
        """Frees a slot."""
        self._taken -= 1
        self._admit()

    def ended(self, sent: float, now: float, *, refused: bool) -> None:
        """A request ended.

        Args:
            sent: when it was sent, in seconds of a clock that only goes forward. What was sent before the number of
                slots last fell says nothing of it.
            now: of that clock.
            refused: whether it was refused for now, or not answered in time.
        """
        if sent < self._changed:
            return
        self._round += 1
        self._refused += refused
        if self._round < self._limit:
            return
        share = self._refused / self._round
        if share > TOLERATED:
            self._soon = self._limit / 2
            self._limit = max(1.0, self._limit * (1 - share))
            self._changed = now
        elif self._limit < self._most:
            grown = 2 * self._limit if 2 * self._limit <= self._soon else self._limit + 1
            self._limit = min(self._most, grown)
            self._admit()
        self._round = self._refused = 0

    def _admit(self) -> None:
        while self._waiting and self._taken < self.limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self._taken += 1
                turn.set_result(None)
