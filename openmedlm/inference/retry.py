"""Retries after transient errors."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from openmedlm.inference.errors import EndpointError

MAX_WAIT_SECONDS = 60.0
"""Maximum seconds between two attempts, even if the endpoint asks for more."""

BACKOFF_SECONDS = 0.5
"""Maximum seconds before the first retry; the maximum doubles with each retry."""

T = TypeVar("T")


async def retry(
    call: Callable[[], Awaitable[T]],
    error: EndpointError,
    max_retries: int,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Repeat a call whose first attempt failed with a transient error.

    The caller makes the first attempt, so that calls that succeed at once do not pay for the retry machinery.

    Args:
        call: Makes one attempt.
        error: Error of the first attempt.
        max_retries: Maximum number of further attempts.
        sleep: Waits for a number of seconds.

    Raises:
        EndpointError: The last error, if it is not transient or no retries remain.
    """
    first: EndpointError | None = error
    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, EndpointError) and error.transient),
        wait=_wait_seconds,
        stop=stop_after_attempt(1 + max_retries),
        sleep=sleep,
        reraise=True,
    )
    async for attempt in retrying:
        with attempt:
            if first is not None:  # counts as the first attempt of tenacity
                error, first = first, None
                raise error
            return await call()
    raise AssertionError("tenacity raises the last error")


def _wait_seconds(state: RetryCallState) -> float:
    """Return the seconds that the endpoint asked for plus jitter, or else exponential backoff with full jitter."""
    error = state.outcome.exception() if state.outcome else None
    jitter = wait_random_exponential(multiplier=BACKOFF_SECONDS, max=MAX_WAIT_SECONDS)(state)
    if isinstance(error, EndpointError) and error.retry_after is not None:
        return min(error.retry_after + jitter / 4, MAX_WAIT_SECONDS)
    return jitter
