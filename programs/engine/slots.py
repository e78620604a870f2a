"""How many requests are in flight: as many as the endpoint takes."""

import asyncio
from collections import deque


class Slots:
    """Slots for requests in flight, fewer while the endpoint pushes back.

    Their number is halved where the endpoint refuses or does not answer in time, and grows by one with each round of
    answers: additive increase, multiplicative decrease (Chiu and Jain 1989), which shares a server fairly with others
    that do the same. It starts at the most, since a server that takes them should not have to wait.

    Args:
        most: slots, at most.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._lowered = float("-inf")

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

    def passed(self) -> None:
        """A request was answered."""
        if self._limit < self._most:
            self._limit = min(self._most, self._limit + 1 / self._limit)
            self._admit()

    def refused(self, sent: float, now: float) -> None:
        """A request was refused for now, or not answered in time.

        Args:
            sent: when it was sent, in seconds of a clock that only goes forward. Refusals of requests that were sent
                before the endpoint was last given way say nothing new.
            now: of that clock.
        """
        if sent >= self._lowered:
            self._lowered = now
            self._limit = max(1.0, self._limit / 2)

    def _admit(self) -> None:
        while self._waiting and self._taken < self.limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self._taken += 1
                turn.set_result(None)
