"""Run tasks side by side and fail with the error of the task that failed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def task_group() -> AsyncIterator[asyncio.TaskGroup]:
    """Open an `asyncio.TaskGroup` that raises the first task's own error instead of an `ExceptionGroup`.

    `except*` would not do: before Python 3.11.4 an error that is raised inside it is wrapped in a group again.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
