"""Tests of retries, with a clock of their own."""

import asyncio

import pytest

from openmedlm.inference.errors import EndpointError
from openmedlm.inference.retry import BACKOFF_SECONDS, MAX_ASKED_SECONDS, MAX_WAIT_SECONDS, retry


def run_retry(errors: list[EndpointError], max_retries: int = 5) -> tuple[str, list[float]]:
    """Return the result of a call that raises the errors in turn, and the seconds waited before each retry."""
    first, *later = errors
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def call() -> str:
        if later:
            raise later.pop(0)
        return "done"

    return asyncio.run(retry(call, first, max_retries, sleep)), waits


def busy(retry_after: float | None = None) -> EndpointError:
    return EndpointError("busy", status=429, transient=True, retry_after=retry_after)


def test_retry_waits_for_retry_after() -> None:
    result, (wait,) = run_retry([busy(retry_after=7.0)])
    assert result == "done"
    assert 7.0 <= wait <= 7.0 + BACKOFF_SECONDS


@pytest.mark.parametrize("seconds", [40.2, 90.0, MAX_ASKED_SECONDS])
def test_retry_waits_fully_as_the_endpoint_asks(seconds: float) -> None:
    (wait,) = run_retry([busy(retry_after=seconds)])[1]
    assert seconds <= wait <= seconds + BACKOFF_SECONDS


def test_retry_backs_off_if_the_endpoint_asks_for_too_long() -> None:
    (wait,) = run_retry([busy(retry_after=MAX_ASKED_SECONDS + 1)])[1]
    assert wait <= MAX_WAIT_SECONDS


def test_asked_waits_are_no_retries() -> None:
    """Ten waits of a minute are allowed, whatever the number of retries, and then a few retries."""
    assert run_retry([busy(retry_after=60.0)] * 10, max_retries=1)[0] == "done"
    with pytest.raises(EndpointError, match="busy"):
        run_retry([busy(retry_after=60.0)] * 13, max_retries=2)


def test_no_retries_means_no_asked_wait() -> None:
    with pytest.raises(EndpointError, match="busy"):
        run_retry([busy(retry_after=5.0)], max_retries=0)


def test_retry_backs_off_exponentially() -> None:
    _, waits = run_retry([busy()] * 5)
    assert all(0 <= wait <= BACKOFF_SECONDS * 2**number for number, wait in enumerate(waits))
    assert len(waits) == 5


def test_retry_after_a_timeout_returns_the_completion() -> None:
    assert run_retry([EndpointError("no response", failure="timeout", transient=True)])[0] == "done"


def test_retry_raises_the_last_error_without_retries_left() -> None:
    with pytest.raises(EndpointError, match="last"):
        run_retry([busy(), busy(), EndpointError("last", transient=True), busy()], max_retries=2)


def test_retry_raises_a_permanent_error_at_once() -> None:
    with pytest.raises(EndpointError, match="bad request"):
        run_retry([busy(), EndpointError("bad request", status=400), busy()])


def test_retry_without_retries_raises_the_first_error() -> None:
    with pytest.raises(EndpointError, match="busy"):
        run_retry([busy()], max_retries=0)
