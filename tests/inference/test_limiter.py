"""Tests of the limit on requests in flight."""

import asyncio
from collections.abc import Callable
from typing import Any

from openmedlm.data import Question
from openmedlm.inference.limiter import AdaptiveLimiter
from openmedlm.programs import PromptProgram


def _round(limiter: AdaptiveLimiter, sent: float, refused: int, requests: int | None = None) -> None:
    """Record a round of requests sent at `sent`, of which the first `refused` are refused."""
    for number in range(limiter.limit if requests is None else requests):
        limiter.record(sent, sent + 0.5, refused=number < refused)


def test_limit_falls_on_refusals_and_grows_back() -> None:
    limiter = AdaptiveLimiter(64)
    _round(limiter, 0.0, refused=56)
    assert limiter.limit == 8
    _round(limiter, 0.4, refused=8)  # sent before the limit fell
    assert limiter.limit == 8
    for sent, limit in enumerate((16, 32, 33, 34), start=1):
        _round(limiter, sent, refused=0)
        assert limiter.limit == limit
    _round(limiter, 9.0, refused=0, requests=10_000)
    assert limiter.limit == 64


def test_limit_tolerates_a_few_refusals() -> None:
    limiter = AdaptiveLimiter(50)
    for sent in range(20):
        _round(limiter, sent, refused=10)
    assert limiter.limit == 50


def test_limit_is_at_least_one() -> None:
    limiter = AdaptiveLimiter(2)
    for sent in range(10):
        _round(limiter, sent, refused=limiter.limit)
    assert limiter.limit == 1


def test_acquire_is_first_come_first_served() -> None:
    async def go() -> list[int]:
        limiter, served = AdaptiveLimiter(1), []

        async def use(number: int) -> None:
            await limiter.acquire()
            served.append(number)
            await asyncio.sleep(0)
            limiter.release()

        tasks = [asyncio.create_task(use(number)) for number in range(4)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.wait_for(limiter.acquire(), 30)
        return served

    assert asyncio.run(go()) == [0, 2, 3]


def test_cancelled_acquire_passes_its_place_on() -> None:
    async def go() -> None:
        limiter = AdaptiveLimiter(1)
        await limiter.acquire()
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)
        limiter.release()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.wait_for(limiter.acquire(), 30)

    asyncio.run(go())


def test_overloaded_endpoint_gets_fewer_requests(
    fast_retries: None,
    run: Any,
    server: Any,
    make_reply: Any,
    make_program: Callable[..., PromptProgram],
    make_question: Callable[..., Question],
) -> None:
    """The endpoint accepts eight concurrent requests and refuses the others."""
    refused = 0

    def reply(asked: Any) -> Any:
        nonlocal refused
        if server._busy > 8:
            refused += 1
            return make_reply("too many", status=429, headers={"Retry-After": "0"})
        return make_reply("B", delay=0.02)

    server.reply = reply
    ran = run(make_program(), [make_question(number) for number in range(300)], concurrency=64, max_retries=49)
    assert {outcome.answer for outcome in ran.outcomes} == {"B"}
    assert refused < 300  # a constant 64 requests in flight get 500 refusals
