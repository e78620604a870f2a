"""Retries after transient errors."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from openmedlm.inference.errors import EndpointError

MAX_WAIT_SECONDS = 60.0
"""Maximum seconds between two attempts, unless the endpoint asks for more."""

MAX_ASKED_SECONDS = 600.0
"""Maximum seconds that one request waits because the endpoint asks for it, in all its attempts."""

BACKOFF_SECONDS = 0.5
"""Maximum seconds before the first retry; the maximum doubles with each retry."""

T = TypeVar("T")


async def retry(
    call: Callable[[], Awaitable[T]],
    error: EndpointError,
    max_retries: int,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    on_wait: Callable[[float], None] = lambda seconds: None,
) -> T:
    """Repeat a call whose first attempt failed with a transient error.

    A wait that the endpoint asks for does not count as a retry, as long as all such waits of the call take at most
    `MAX_ASKED_SECONDS`: a limit of a few requests per minute delays a request, and must not end it.

    Args:
        call: Makes one attempt.
        error: Error of the first attempt.
        max_retries: Maximum number of further attempts; 0 for none, even if the endpoint asks to wait.
        sleep: Waits for a number of seconds.
        on_wait: Called with the seconds before each wait that the endpoint asks for.

    Raises:
        EndpointError: The last error, if it is not transient or no retries remain.
    """
    retries, asked_seconds = 0, 0.0
    while error.transient and retries < max_retries:
        jitter = random.uniform(0, min(BACKOFF_SECONDS * 2.0**retries, MAX_WAIT_SECONDS))
        asked = error.retry_after or 0.0
        if 0 < asked <= MAX_ASKED_SECONDS - asked_seconds:
            asked_seconds += asked
            on_wait(asked)
            await sleep(asked + jitter / 4)
            retries += asked < BACKOFF_SECONDS
        else:
            await sleep(jitter)
            retries += 1
        try:
            return await call()
        except EndpointError as failed:
            error = failed
    raise error
