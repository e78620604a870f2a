"""Tests of micro-batches."""

import asyncio
from collections.abc import Sequence

import pytest

from openmedlm.inference.cache.micro_batch import MicroBatcher


@pytest.mark.parametrize("turns", [0, 1, 2])
def test_cancelled_caller_loses_no_result(turns: int) -> None:
    """The caller is cancelled before the work, after it, and after it has the result."""
    abandoned: list[str] = []

    def process(items: Sequence[str]) -> list[str]:
        return [item.upper() for item in items]

    async def go() -> list[str]:
        batcher = MicroBatcher(process, in_thread=False, on_abandoned=abandoned.append)
        waiting = asyncio.ensure_future(batcher("a"))
        for _ in range(1 + turns):
            await asyncio.sleep(0)
        waiting.cancel()
        results = await asyncio.gather(waiting, return_exceptions=True)
        await batcher.drain()
        return [each for each in results if isinstance(each, str)]

    assert asyncio.run(go()) + abandoned == ["A"]
