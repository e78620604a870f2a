"""Tests of event loops: threads, and `task_group`, which raises the task's own error on every Python since 3.11.0."""

import ast
import asyncio
import gc
import signal
import threading
import time
from pathlib import Path

import pytest

from openmedlm.inference.event_loop import GC_THRESHOLD_OBJECTS, call_in_thread, task_group, wait_for


def press_ctrl_c() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


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


def test_wait_for_in_two_threads_restores_the_gc_threshold() -> None:
    usual = gc.get_threshold()
    started, ended = threading.Event(), threading.Event()

    async def first() -> None:
        started.set()
        await asyncio.to_thread(ended.wait, 10)

    async def second() -> None:
        await asyncio.to_thread(started.wait, 10)
        ended.set()
        threads[0].join(10)
        assert gc.get_threshold()[0] == GC_THRESHOLD_OBJECTS

    threads = [threading.Thread(target=wait_for, args=(first(),)), threading.Thread(target=wait_for, args=(second(),))]
    threads[0].start()
    assert started.wait(10)
    threads[1].start()
    for thread in threads:
        thread.join(10)
    assert gc.get_threshold() == usual


def test_call_in_thread_interrupted_cancels_the_coroutine() -> None:
    cleaned_up = threading.Event()

    async def run() -> None:
        try:
            press_ctrl_c()
            await asyncio.sleep(60)
        finally:
            cleaned_up.set()

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        call_in_thread(lambda: wait_for(run()))
    assert cleaned_up.wait(30)
    assert time.monotonic() - began < 30


def test_call_in_thread_interrupted_starts_no_coroutine() -> None:
    ran: list[str] = []

    async def run() -> None:
        ran.append("run")

    def function() -> None:
        press_ctrl_c()
        time.sleep(0.5)
        wait_for(run())

    with pytest.raises(KeyboardInterrupt):
        call_in_thread(function)
    assert not ran


def test_call_in_thread_raises_the_error_of_the_function() -> None:
    with pytest.raises(LookupError, match="down"):
        call_in_thread(lambda: wait_for(fail(LookupError("down"))))
