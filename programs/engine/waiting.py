"""Waiting for what runs side by side."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def wait_for(coroutine: Coroutine[Any, Any, T], runner: asyncio.Runner | None = None) -> T:
    """What a coroutine returns, run in a loop of its own, or in a runner's.

    `asyncio.run` makes its task return the result, and then has the signal module write that task out, result and all,
    into an error that nobody sees: 90 µs for each question of a run. So here the task returns nothing.
    """
    results: list[T] = []

    async def run() -> None:
        results.append(await coroutine)

    if runner is None:
        asyncio.run(run())
    else:
        runner.run(run())
    return results[0]
