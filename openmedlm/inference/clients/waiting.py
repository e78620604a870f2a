"""Client that waits until a model is loaded."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from openmedlm.inference.clients.base import Client
from openmedlm.inference.clients.model_list import ModelList
from openmedlm.inference.errors import ConnectionRefused, EndpointDownError, EndpointError
from openmedlm.inference.notices import Notices
from openmedlm.inference.request import Completion, Request

REPORT_SECONDS = 10.0
"""Seconds between two progress lines."""

MIN_POLL_SECONDS, MAX_POLL_SECONDS = 1.0, 5.0
"""First and longest time between two attempts; each further one is half as long again."""

_STARTING_STATUSES = (502, 503, 504)
"""Statuses that a proxy sends for a server that is not up yet."""


class LoadingWait(NamedTuple):
    """Time that a server may take until it answers.

    Attributes:
        seconds: Maximum seconds until the model is loaded.
        for_connection: Whether to wait for a server that refuses connections, too: it may be starting, or it may be
            that the address is wrong.
    """

    seconds: float = 600.0
    for_connection: bool = False


class WaitingClient:
    """Repeats requests while the model is being loaded; these repetitions do not count as retries.

    Until the first answer, any response of a proxy without its server counts as loading.

    Args:
        client: Sends one request once.
        wait: Time that the server may take.
        notices: Receives a progress line every `REPORT_SECONDS`.
        clock: Seconds of a monotonic clock.
        sleep: Waits for a number of seconds.
    """

    def __init__(
        self,
        client: Client,
        wait: LoadingWait,
        notices: Notices,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._wait = wait
        self._notices = notices
        self._clock = clock
        self._sleep = sleep
        self._answered = False
        self._since: float | None = None
        self._reported = 0.0

    @property
    def models(self) -> ModelList:
        return self._client.models

    async def check(self) -> None:
        poll_seconds = MIN_POLL_SECONDS
        while True:
            try:
                await self._client.check()
            except ConnectionRefused as error:
                if not self._wait.for_connection:
                    raise
                poll_seconds = await self._pause(error, poll_seconds)
            else:
                self._since = None
                return

    async def complete(self, request: Request, count: int = 1) -> Sequence[Completion]:
        poll_seconds = MIN_POLL_SECONDS
        while True:
            try:
                completions = await self._client.complete(request, count)
            except EndpointError as error:
                if not self._is_loading(error):
                    raise
                asked = None if error.cause == "loading" else error.retry_after  # the load may take less
                poll_seconds = await self._pause(error, poll_seconds, asked)
            else:
                self._answered = True
                self._since = None
                return completions

    def _is_loading(self, error: EndpointError) -> bool:
        if error.cause == "loading":
            return True
        if self._answered or error.cause is not None:
            return False
        if error.failure == "connection":
            return self._wait.for_connection
        return error.status in _STARTING_STATUSES and not error.in_response

    async def _pause(self, error: Exception, poll_seconds: float, asked: float | None = None) -> float:
        """Wait until the next attempt, and return the seconds of the wait after it.

        Raises:
            EndpointDownError: The server has not answered in time.
        """
        now = self._clock()
        if self._since is None:
            self._since, self._reported = now, now
        since = self._since  # an answer to another request resets it meanwhile
        waited = now - since
        remaining = self._wait.seconds - waited
        if remaining <= 0:
            message = str(error).rstrip(".")
            raise EndpointDownError(
                f"{message}; no answer within {waited:.0f} s. Pass a longer --wait SECONDS."
            ) from error
        until = now + min(asked or poll_seconds, remaining)
        while now < until:
            await self._sleep(min(until, self._reported + REPORT_SECONDS) - now)
            now = self._clock()
            if now >= self._reported + REPORT_SECONDS:
                self._reported = now
                self._notices.report(f"waits for the model to load: {now - since:.0f} s ({error})")
        return min(1.5 * poll_seconds, MAX_POLL_SECONDS)
