"""Micro-batches of items that cost less together than one by one."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class MicroBatcher(Generic[Item, Result]):
    """Batches items that arrive in the same turn of the event loop, or while the previous batch is processed.

    Args:
        process: Function from items to their results, in the same order.
        in_thread: Run `process` in another thread, so that the event loop continues.
        on_abandoned: Called with the result of an item whose caller was cancelled.
    """

    def __init__(
        self,
        process: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        in_thread: bool,
        on_abandoned: Callable[[Result], None] = lambda result: None,
    ) -> None:
        self._process = process
        self._in_thread = in_thread
        self._on_abandoned = on_abandoned
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Result:
        """Return the result of an item.

        Raises:
            Exception: The error of the item's batch.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._run())
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:  # cancelled after the result
                self._on_abandoned(future.result())
            raise

    async def drain(self) -> None:
        """Wait until all items are processed."""
        if self._worker is not None and not self._worker.done():
            await self._worker

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            items = [item for item, _ in batch]
            try:
                results = await asyncio.to_thread(self._process, items) if self._in_thread else self._process(items)
            except Exception as error:
                for _, future in batch:
                    if not future.cancelled():
                        future.set_exception(error)
            else:
                for (_, future), result in zip(batch, results, strict=True):
                    if future.cancelled():
                        self._on_abandoned(result)
                    else:
                        future.set_result(result)
