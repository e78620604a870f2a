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
        self._in_flight: dict[str, asyncio.Task[Completion]] = {}
        self._answered = False
        self._failed = 0
        self.bought = 0
        self.lost = 0

    def key(self, request: Request) -> str:
        """The store's key of a request."""
        return request.key(self._endpoint.identity)

    async def get(self, request: Request) -> Completion:
        """The completion of a request; equal requests at the same time are sent once.

        Raises:
            EndpointError: it could not be had.
            EndpointDownError: nothing can be had of this endpoint.
            BudgetSpent: it would have to be bought, and a limit is reached.
        """
        key = self.key(request)
        stored = self._store.get(key)
        if stored is not None:
            self._answered = True
            return stored
        if key not in self._in_flight:
            if self._budget is not None:
                self._budget.admit()
            buying = asyncio.create_task(self._buy(key, request))
            self._in_flight[key] = buying
            buying.add_done_callback(lambda _: self._in_flight.pop(key))
        # Shielded, since another may be waiting for the same completion.
        return await asyncio.shield(self._in_flight[key])

    async def arrive(self) -> None:
        """Waits for what is in flight; it is on disk afterwards."""
        await asyncio.gather(*self._in_flight.values(), return_exceptions=True)

    async def drain(self) -> None:
        """Ends what is in flight; what has arrived is on disk afterwards."""
        for task in self._in_flight.values():
            task.cancel()
        await self.arrive()

    async def _buy(self, key: str, request: Request) -> Completion:
        purpose = self._budget.purpose if self._budget is not None else None
        try:
            completion = await self._send(request)
            await self._store.put(key, self._endpoint.identity, self._endpoint.base_url, completion, purpose)
        except EndpointError as error:
            raise self._judged(error) from error
        finally:
            if self._budget is not None:
                self._budget.settle()
        self._answered = True
        self.bought += 1
        # Where another command bought the same at the same time, both use the one that the store kept.
        return self._store.get(key) or completion

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
        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, EndpointError) and error.transient),
            wait=_wait,
            stop=stop_after_attempt(self._attempts),
            reraise=True,
        )
        return await retrying(self._send_once, request)

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
