"""Work that costs less done together than one by one."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class MicroBatcher(Generic[Item, Result]):
    """Hands over what comes in the same turn of the event loop, or while the last group is at work, as one group.

    Args:
        work: from items to their results, in the same order.
        aside: whether it works in another thread, so that the loop goes on.
        missed: called with the result of an item that nobody waits for any more.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        aside: bool,
        missed: Callable[[Result], None] = lambda result: None,
    ) -> None:
        self._work = work
        self._aside = aside
        self._missed = missed
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Result:
        """The result of an item.

        Raises:
            Exception: what the work raised for the item's group.
        """
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._run())
        try:
            return await done
        except asyncio.CancelledError:
            if done.done() and not done.cancelled() and done.exception() is None:  # it had come, and nobody looked yet
                self._missed(done.result())
            raise

    async def drain(self) -> None:
        """Returns once all that was handed over is done."""
        if self._worker is not None and not self._worker.done():
            await self._worker

    async def _run(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            items = [item for item, _ in group]
            try:
                results = await asyncio.to_thread(self._work, items) if self._aside else self._work(items)
            except Exception as error:
                for _, done in group:
                    if not done.cancelled():
                        done.set_exception(error)
            else:
                for (_, done), result in zip(group, results, strict=True):
                    if done.cancelled():
                        self._missed(result)
                    else:
                        done.set_result(result)
