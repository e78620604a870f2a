"""Completions, each bought once: from the store where it has them, from the endpoint where it has not."""

import asyncio

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from data.secrets import without_secrets
from programs.engine.budget import Budget
from programs.engine.client import Client
from programs.engine.endpoint import Endpoint
from programs.engine.errors import EndpointDownError, EndpointError
from programs.engine.request import Completion, Request
from programs.engine.store import VoteStore

LONGEST_WAIT = 60.0
"""Seconds between two attempts, at most, whatever the endpoint asks for."""

DOWN_AFTER = 5
"""Requests that fail for good before any went through, and the endpoint counts as down."""


class Buyer:
    """Gets completions for requests.

    Args:
        client: sends one request once.
        endpoint: names the model in the store.
        store: keeps each completion before anyone uses it.
        concurrency: requests in flight at once, at most.
        attempts: how often one request is sent, at most, while the failure may pass.
        budget: what may be bought; None for no limit.
    """

    def __init__(
        self,
        client: Client,
        endpoint: Endpoint,
        store: VoteStore,
        concurrency: int,
        attempts: int,
        budget: Budget | None = None,
    ) -> None:
        self._client = client
        self._endpoint = endpoint
        self._store = store
        self._slots = asyncio.Semaphore(concurrency)
        self._attempts = attempts
        self._budget = budget
        self._in_flight: dict[str, asyncio.Future[Completion]] = {}
        self._answered = False
        self._failed = 0
        self.bought = 0
        self.lost = 0

    async def get(self, request: Request) -> tuple[str, Completion]:
        """The store's key and the completion of a request; equal requests at the same time are sent once.

        Raises:
            EndpointError: it could not be had.
            EndpointDownError: nothing can be had of this endpoint.
            BudgetSpent: it would have to be bought, and a limit is reached.
        """
        key = request.key(self._endpoint.identity)
        stored = self._store.get(key)
        if stored is not None:
            self._answered = True
            return key, stored
        bought = self._in_flight.get(key)
        if bought is not None:
            return key, await asyncio.shield(bought)
        if self._budget is not None:
            self._budget.admit()
        bought = self._in_flight[key] = asyncio.get_running_loop().create_future()
        try:
            completion = await self._buy(key, request)
        except BaseException as error:
            if isinstance(error, Exception):
                bought.set_exception(error)
                bought.exception()  # whoever waits for it raises it; where nobody does, that is no fault
            else:
                bought.cancel()
            raise
        finally:
            del self._in_flight[key]
        bought.set_result(completion)
        return key, completion

    async def _buy(self, key: str, request: Request) -> Completion:
        purpose = self._budget.purpose if self._budget is not None else None
        try:
            completion = await self._send(request)
            kept = await self._store.put(key, self._endpoint.identity, self._endpoint.base_url, completion, purpose)
        except EndpointError as error:
            raise self._judged(error) from error
        finally:
            if self._budget is not None:
                self._budget.settle()
        self._answered = True
        self.bought += 1
        return kept

    def _judged(self, error: EndpointError) -> Exception:
        """The failure of one request, or of the endpoint where no request ever went through."""
        said = without_secrets(str(error), [self._endpoint.api_key])
        self._failed += 1
        self.lost += error.transient
        refuses_all = error.status in (401, 403, 404) or self._failed >= DOWN_AFTER
        if refuses_all and not self._answered:
            return EndpointDownError(said)
        return EndpointError(said, failure=error.failure, status=error.status)

    async def _send(self, request: Request) -> Completion:
        try:
            return await self._send_once(request)
        except EndpointError as error:
            if not error.transient:
                raise
            first: EndpointError | None = error
        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, EndpointError) and error.transient),
            wait=_wait,
            stop=stop_after_attempt(self._attempts),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                if first is not None:  # tenacity counts the attempt that was made without it, which most calls need
                    failed, first = first, None
                    raise failed
                return await self._send_once(request)
        raise AssertionError("tenacity raises the last failure")

    async def _send_once(self, request: Request) -> Completion:
        async with self._slots:
            return await self._client.complete(request)


def _wait(state: RetryCallState) -> float:
    """What the endpoint asked for, plus a little; or exponential backoff with full jitter."""
    error = state.outcome.exception() if state.outcome else None
    jitter = wait_random_exponential(multiplier=0.5, max=LONGEST_WAIT)(state)
    if isinstance(error, EndpointError) and error.retry_after is not None:
        return min(error.retry_after + jitter / 4, LONGEST_WAIT)
    return jitter
