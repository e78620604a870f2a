"""Requests in flight: as many as the endpoint takes."""

import asyncio
from collections.abc import Callable
from typing import Any

from openmedlm.data import Question
from openmedlm.inference.limiter import AdaptiveLimiter
from openmedlm.programs import PromptProgram


def _round(slots: AdaptiveLimiter, sent: float, refused: int, times: int | None = None) -> None:
    """A round of requests that were sent then, of which some are refused."""
    for number in range(slots.limit if times is None else times):
        slots.ended(sent, sent + 0.5, refused=number < refused)


def test_the_slots_fall_to_what_was_taken_and_answers_win_them_back() -> None:
    slots = AdaptiveLimiter(64)
    _round(slots, 0.0, refused=56)
    assert slots.limit == 8
    _round(slots, 0.4, refused=8)  # sent before the slots fell
    assert slots.limit == 8
    for sent, limit in enumerate((16, 32, 33, 34), start=1):
        _round(slots, sent, refused=0)
        assert slots.limit == limit
    _round(slots, 9.0, refused=0, times=10_000)
    assert slots.limit == 64


def test_faults_now_and_then_take_no_slots() -> None:
    slots = AdaptiveLimiter(50)
    for sent in range(20):
        _round(slots, sent, refused=10)
    assert slots.limit == 50


def test_one_slot_is_always_left() -> None:
    slots = AdaptiveLimiter(2)
    for sent in range(10):
        _round(slots, sent, refused=slots.limit)
    assert slots.limit == 1


def test_slots_are_given_in_the_order_of_asking_and_one_that_no_longer_waits_is_passed_over() -> None:
    async def go() -> list[int]:
        slots, had = AdaptiveLimiter(1), []

        async def use(number: int) -> None:
            await slots.take()
            had.append(number)
            await asyncio.sleep(0)
            slots.give()

        tasks = [asyncio.create_task(use(number)) for number in range(4)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.wait_for(slots.take(), 1)
        return had

    assert asyncio.run(go()) == [0, 2, 3]


def test_a_slot_given_to_one_that_was_cancelled_goes_to_the_next() -> None:
    async def go() -> None:
        slots = AdaptiveLimiter(1)
        await slots.take()
        waiting = asyncio.create_task(slots.take())
        await asyncio.sleep(0)
        slots.give()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.wait_for(slots.take(), 1)

    asyncio.run(go())


def test_a_busy_endpoint_is_asked_by_fewer_at_once(
    run: Any,
    server: Any,
    make_reply: Any,
    make_program: Callable[..., PromptProgram],
    make_question: Callable[..., Question],
) -> None:
    """It takes eight at once, and refuses what is more: most requests are not refused in the end."""
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
    assert refused < 300  # with 64 at once all the time, 500 are
