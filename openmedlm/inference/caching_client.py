"""Completions, each bought once: from the store where it has them, from the endpoint where it has not."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from openmedlm.inference.budget import Budget
from openmedlm.inference.cache import CompletionCache, Lease
from openmedlm.inference.clients.base import Client
from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.errors import EndpointDownError, EndpointError
from openmedlm.inference.limiter import AdaptiveLimiter
from openmedlm.inference.request import Completion, Request, keys_of
from openmedlm.utils.secrets import without_secrets

LONGEST_WAIT = 60.0
"""Seconds between two attempts, at most, whatever the endpoint asks for."""

_BUSY = (429, 503)

DEAD_SECONDS = 10.0
"""Seconds of nothing but failures after which an endpoint counts as dead; one that is started anew may take less."""

FIRST_LOOK, LAST_LOOK = 0.02, 1.0
"""Seconds between two looks whether another process has bought what this one wants: at first, and after many."""

DOWN_AFTER = 5
"""Requests that fail for good before any went through, and the endpoint counts as down."""


class CachingClient:
    """Gets completions for requests.

    Args:
        client: sends one request once.
        endpoint: names the model in the store.
        store: keeps each completion before anyone uses it.
        concurrency: requests in flight at once, at most.
        max_retries: further tries of a request while its failure may be transient.
        budget: what may be bought; None for no limit.
    """

    def __init__(
        self,
        client: Client,
        endpoint: Endpoint,
        store: CompletionCache,
        concurrency: int,
        max_retries: int,
        budget: Budget | None = None,
    ) -> None:
        self._client = client
        self._endpoint = endpoint
        self._store = store
        self._slots = AdaptiveLimiter(concurrency)
        self._silence = OutageDetector()
        self._max_retries = max_retries
        self._budget = budget
        self._several = endpoint.several
        self._in_flight: dict[str, asyncio.Future[Completion | None]] = {}
        self._answered = False
        self._failed = 0
        self.api_calls = 0
        self.transient_failures = 0

    def keys(self, requests: Sequence[Request]) -> list[str]:
        """The store's keys of requests."""
        return keys_of(requests, self._endpoint.identity)

    async def stored(self, keys: Sequence[str]) -> dict[str, Completion]:
        """The completions that the store has of those keys."""
        found = await self._store.get_many(keys)
        self._answered = self._answered or bool(found)
        return found

    async def get(self, key: str, request: Request, siblings: Mapping[str, Request] | None = None) -> Completion:
        """The completion of a request; equal requests at the same time are sent once, whoever sends them.

        Args:
            key, request: what is asked.
            siblings: other samples of the same prompt that will be asked for now, by their keys; where the endpoint can
                give several completions for one request, those that are missing are bought together.

        Raises:
            EndpointError: it could not be had.
            EndpointDownError: nothing can be had of this endpoint.
            BudgetExceeded: it would have to be bought, and a limit is reached.
        """
        wait = FIRST_LOOK
        while True:
            api_calls = self._in_flight.get(key)
            if api_calls is not None:
                completion = await asyncio.shield(api_calls)
            else:
                together = [each for each in siblings or () if each not in self._in_flight] if self._several else []
                completion = await self._buy(request, [key, *together])
                if completion is None:  # another process is just buying it, or the endpoint gave too few
                    await asyncio.sleep(wait)
                    wait = min(2 * wait, LAST_LOOK)
            if completion is not None:
                return completion

    async def _buy(self, request: Request, keys: Sequence[str]) -> Completion | None:
        """Buys completions of one prompt with one request; None where that of the first key could not be had so."""
        loop = asyncio.get_running_loop()
        futures = {key: loop.create_future() for key in keys}
        self._in_flight |= futures
        admitted: list[str] = []
        claim = Lease(frozenset(), {})
        try:
            claim = await self._store.claim(keys)
            had = dict(claim.found)
            if keys[0] in claim.held:
                admitted = await self._admitted([key for key in keys if key in claim.held])
                kept = await self._have(request, admitted)
                self.api_calls += len(kept)
                had |= zip(admitted, kept, strict=False)
        except BaseException as error:
            for future in futures.values():
                if isinstance(error, Exception):
                    future.set_exception(error)
                    future.exception()  # whoever waits for it raises it; where nobody does, that is no fault
                else:
                    future.cancel()
            raise
        finally:
            self._store.free(claim.held)
            for key in keys:
                del self._in_flight[key]
            if self._budget is not None:
                self._budget.settle(len(admitted))
        self._answered = self._answered or bool(had)
        for key, future in futures.items():
            future.set_result(had.get(key))  # None to those that were not given: they are asked for again, alone
        return had.get(keys[0])

    async def _admitted(self, keys: Sequence[str]) -> list[str]:
        """The first of the keys, as many as may be bought, but one at least."""
        return list(keys[: await self._budget.admit(len(keys))] if self._budget is not None else keys)

    async def _have(self, request: Request, keys: Sequence[str]) -> list[Completion]:
        """Completions, from the endpoint and then on disk, as many as it gave."""
        purpose = self._budget.purpose if self._budget is not None else None
        identity, url = self._endpoint.identity, self._endpoint.where
        try:
            completions = await self._send(request, len(keys))
        except EndpointError as error:
            if len(keys) > 1 and error.status in (400, 422):
                self._several = False
                return []
            raise self._judged(error) from error
        except EndpointDownError as error:
            raise EndpointDownError(without_secrets(str(error), [self._endpoint.api_key])) from None
        if len(completions) < len(keys):
            self._several = False
        if len(keys) == 1:
            return [await self._store.put(keys[0], identity, url, completions[0], purpose)]
        given = zip(keys, completions, strict=False)
        return await asyncio.gather(*(self._store.put(key, identity, url, one, purpose) for key, one in given))

    def _judged(self, error: EndpointError) -> Exception:
        """The failure of one request, or of the endpoint where no request ever went through."""
        said = without_secrets(str(error), [self._endpoint.api_key])
        self._failed += 1
        self.transient_failures += error.transient
        refuses_all = error.status in (401, 403, 404) or self._failed >= DOWN_AFTER
        if refuses_all and not self._answered:
            return EndpointDownError(said)
        return EndpointError(said, failure=error.failure, status=error.status)

    async def _send(self, request: Request, count: int) -> Sequence[Completion]:
        try:
            return await self._send_once(request, count)
        except EndpointError as error:
            if not error.transient:
                raise
            first: EndpointError | None = error
        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, EndpointError) and error.transient),
            wait=_wait,
            stop=stop_after_attempt(self._max_retries),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                if first is not None:  # tenacity counts the attempt that was made without it, which most calls need
                    failed, first = first, None
                    raise failed
                return await self._send_once(request, count)
        raise AssertionError("tenacity raises the last failure")

    async def _send_once(self, request: Request, count: int) -> Sequence[Completion]:
        await self._slots.take()
        sent = time.monotonic()
        busy = False
        try:
            completions = await self._client.complete(request, count)
        except EndpointError as error:
            now = time.monotonic()
            busy = error.status in _BUSY or error.failure == "timeout"
            if error.transient and error.status != 429:
                self._silence.failed(now, request, error)
            raise
        finally:
            self._slots.give()
            self._slots.ended(sent, time.monotonic(), refused=busy)
        self._silence.broken()
        return completions


class OutageDetector:
    """How long an endpoint has answered nothing at all."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._failed: set[int] = set()
        self._unreached = 0

    def broken(self) -> None:
        """A request was answered."""
        self._began = None
        self._failed.clear()
        self._unreached = 0

    def failed(self, now: float, request: Request, error: EndpointError) -> None:
        """A request failed, in a way that may pass and is no word that there were too many.

        One that always fails is its own error; several, or connections that can't be had, are the endpoint's.

        Raises:
            EndpointDownError: nothing else has happened for `DEAD_SECONDS`.
        """
        self._began = now if self._began is None else self._began
        self._failed.add(id(request))
        self._unreached += error.failure == "connection"
        if max(len(self._failed), self._unreached) >= DOWN_AFTER and now - self._began >= DEAD_SECONDS:
            raise EndpointDownError(
                f"{error} (nothing was answered for {now - self._began:.0f} s); what was answered before is kept, and "
                "the same command goes on from there"
            )


def _wait(state: RetryCallState) -> float:
    """What the endpoint asked for, plus a little; or exponential backoff with full jitter."""
    error = state.outcome.exception() if state.outcome else None
    jitter = wait_random_exponential(multiplier=0.5, max=LONGEST_WAIT)(state)
    if isinstance(error, EndpointError) and error.retry_after is not None:
        return min(error.retry_after + jitter / 4, LONGEST_WAIT)
    return jitter
