"""Requests in flight: as many as the endpoint takes."""

import asyncio
from collections.abc import Callable
from typing import Any

from data import Question
from programs import PromptProgram
from programs.engine.slots import Slots


def test_refusals_of_what_was_sent_together_halve_the_slots_once_and_answers_win_them_back() -> None:
    slots = Slots(64)
    for sent in (0.0, 0.1, 0.9):
        slots.refused(sent, now=1.0)
    assert slots.limit == 32
    slots.refused(1.1, now=1.2)
    assert slots.limit == 16
    for _ in range(17):
        slots.passed()
    assert slots.limit == 17
    for _ in range(10_000):
        slots.passed()
    assert slots.limit == 64


def test_one_slot_is_always_left() -> None:
    slots = Slots(2)
    for now in range(10):
        slots.refused(now, now)
    assert slots.limit == 1


def test_slots_are_given_in_the_order_of_asking_and_one_that_no_longer_waits_is_passed_over() -> None:
    async def go() -> list[int]:
        slots, had = Slots(1), []

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
        slots = Slots(1)
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
    ran = run(make_program(), [make_question(number) for number in range(300)], concurrency=64, attempts=50)
    assert {outcome.answer for outcome in ran.outcomes} == {"B"}
    assert refused < 250  # with 64 at once all the time, 500 are
