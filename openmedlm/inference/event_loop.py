"""Running coroutines: one event loop per command, and task groups that raise plain errors."""

import asyncio
import gc
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

GC_THRESHOLD_OBJECTS = 100_000
"""Net new objects between two garbage collections; Python's default of 700 takes a fifth of a run's time."""


def wait_for(coroutine: Coroutine[Any, Any, T], runner: asyncio.Runner | None = None) -> T:
    """Run a coroutine in a new event loop, or in the runner's, and return its result.

    `asyncio.run` lets the signal module format the finished task, result included, into an error that is never shown:
    90 µs per question of a run. The task here therefore returns None.

    Garbage is collected less often meanwhile, and never among the objects that existed before, such as the questions:
    a run keeps almost all that it allocates, and makes no reference cycles.

    Example:
        >>> wait_for(asyncio.sleep(0, "done"))
        'done'
    """
    results: list[T] = []

    async def run() -> None:
        results.append(await coroutine)

    with _rare_collections():
        if runner is None:
            asyncio.run(run())
        else:
            runner.run(run())
    return results[0]


@asynccontextmanager
async def task_group() -> AsyncIterator[asyncio.TaskGroup]:
    """Open an `asyncio.TaskGroup` that raises the first task's own error instead of an `ExceptionGroup`.

    `except*` does not help: before Python 3.11.4 an error that is raised inside it is wrapped in a group again.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


@contextmanager
def _rare_collections() -> Iterator[None]:
    usual = gc.get_threshold()
    gc.set_threshold(GC_THRESHOLD_OBJECTS, *usual[1:])
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)
