"""Running coroutines: one event loop per command, and task groups that raise plain errors."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, nullcontext
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
        interrupt: _Interrupt | None = getattr(_thread, "interrupt", None)
        try:
            with interrupt.cancels_this_task() if interrupt is not None else nullcontext():
                results.append(await coroutine)
        finally:
            coroutine.close()  # else Python warns of one that was cancelled before its start

    with _rare_collections():
        if runner is None:
            asyncio.run(run())
        else:
            runner.run(run())
    return results[0]


def call_in_thread(function: Callable[[], T]) -> T:
    """Call a function in a thread of its own, and return its result; its `wait_for` may run an event loop there.

    Ctrl-C in the calling thread, which Python shows to the main thread only, cancels the coroutine of the function.

    Example:
        >>> call_in_thread(lambda: wait_for(asyncio.sleep(0, "done")))
        'done'
    """
    interrupt = _Interrupt()

    def call() -> T:
        _thread.interrupt = interrupt
        return function()

    with ThreadPoolExecutor(1) as executor:
        try:
            return executor.submit(call).result()
        except BaseException:
            interrupt.set()
            raise


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


class _Interrupt:
    """Cancels the coroutine of another thread, and those that the thread starts later."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_set = False
        self._task: asyncio.Task[None] | None = None

    def set(self) -> None:
        with self._lock:  # the loop of a task cannot close meanwhile
            self._is_set = True
            if self._task is not None:
                self._task.get_loop().call_soon_threadsafe(self._task.cancel)

    @contextmanager
    def cancels_this_task(self) -> Iterator[None]:
        with self._lock:
            if self._is_set:
                raise asyncio.CancelledError
            self._task = asyncio.current_task()
        try:
            yield
        finally:
            with self._lock:
                self._task = None


_thread = threading.local()
"""The `interrupt` of threads that `call_in_thread` started."""


class _GarbageCollection:
    """Threshold and number of event loops that want garbage to be collected less often; threads share them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loops = 0
        self._usual = gc.get_threshold()

    def make_rare(self) -> None:
        with self._lock:
            if not self._loops:
                self._usual = gc.get_threshold()
                gc.set_threshold(GC_THRESHOLD_OBJECTS, *self._usual[1:])
                gc.freeze()
            self._loops += 1

    def restore(self) -> None:
        with self._lock:
            self._loops -= 1
            if not self._loops:
                gc.unfreeze()
                gc.set_threshold(*self._usual)


_garbage_collection = _GarbageCollection()


@contextmanager
def _rare_collections() -> Iterator[None]:
    _garbage_collection.make_rare()
    try:
        yield
    finally:
        _garbage_collection.restore()
