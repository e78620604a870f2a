"""Tests of `task_group`: it raises the error of a failed task itself, on every Python since 3.11.0."""

import ast
import asyncio
from pathlib import Path

import pytest

from openmedlm.inference.event_loop import task_group


async def fail(error: Exception) -> None:
    raise error


def test_task_group_raises_the_error_itself() -> None:
    async def run() -> None:
        async with task_group() as group:
            group.create_task(fail(LookupError("down")))
            group.create_task(asyncio.sleep(60))

    with pytest.raises(LookupError, match="down"):
        asyncio.run(run())


def test_task_group_passes_cancellation_on() -> None:
    async def run() -> None:
        async with task_group() as group:
            group.create_task(asyncio.sleep(60))

    async def cancelled() -> None:
        running = asyncio.create_task(run())
        await asyncio.sleep(0)
        running.cancel()
        await running

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())


def test_source_has_no_except_star() -> None:
    root = Path(__file__).parents[2]
    files = [
        file
        for name in ("data", "metrics", "programs", "optimizers", "openmedlm")
        for file in (root / name).rglob("*.py")
    ]
    found = [file for file in files for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.TryStar)]
    assert found == []
