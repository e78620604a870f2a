"""Work done together, and what becomes of it when nobody waits any more."""

import asyncio
from collections.abc import Sequence

import pytest

from openmedlm.inference.cache.micro_batch import MicroBatcher


@pytest.mark.parametrize("turns", [0, 1, 2])
def test_what_a_waiter_that_is_cancelled_missed_is_told(turns: int) -> None:
    """Before the work, after it, and after the waiter has its result."""
    missed: list[str] = []

    def work(items: Sequence[str]) -> list[str]:
        return [item.upper() for item in items]

    async def go() -> list[str]:
        grouped = MicroBatcher(work, aside=False, missed=missed.append)
        waiting = asyncio.ensure_future(grouped("a"))
        for _ in range(1 + turns):
            await asyncio.sleep(0)
        waiting.cancel()
        had = await asyncio.gather(waiting, return_exceptions=True)
        await grouped.drain()
        return [each for each in had if isinstance(each, str)]

    assert asyncio.run(go()) + missed == ["A"]
