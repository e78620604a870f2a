"""Client that requests each completion once: from the cache if it is there, else from the endpoint."""

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence

from openmedlm.inference.advice import advise
from openmedlm.inference.budget import Budget
from openmedlm.inference.cache import CompletionCache, Lease
from openmedlm.inference.clients.base import Client
from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.errors import FAILED_FINISH_REASONS, EndpointDownError, EndpointError
from openmedlm.inference.limiter import AdaptiveLimiter
from openmedlm.inference.notices import Notices
from openmedlm.inference.outage import OutageDetector
from openmedlm.inference.request import Completion, Request
from openmedlm.inference.retry import retry
from openmedlm.inference.several import CompletionsPerRequest
from openmedlm.utils.secrets import without_secrets

MIN_POLL_SECONDS, MAX_POLL_SECONDS = 0.02, 1.0
"""Polling interval while another process holds the lease; it doubles from the first to the second."""

MIN_ANNOUNCED_SECONDS = 5.0
"""Shortest wait that the endpoint asks for and a notice mentions."""

_OVERLOAD_STATUSES = (429, 503)


class CachingClient:
    """Gets completions from the cache or the endpoint.

    It merges equal requests in flight, leases keys so that no other process requests them, and keeps to a budget.

    Args:
        client: Sends one request once.
        endpoint: Endpoint of the client; its identity enters the cache keys.
        cache: Receives each completion before anyone uses it.
        concurrency: Maximum number of requests in flight.
        max_retries: Maximum number of retries of one request after transient errors.
        budget: Limits of the calls; None for no limit.
        notices: Receives a notice about a long wait that the endpoint asks for; None drops it.

    Attributes:
        endpoint: Endpoint of the client.
        identity: Model identity in cache keys.
        api_calls: Completions requested from the endpoint so far.
        transient_failures: Requests that failed for good with a transient error.
    """

    def __init__(
        self,
        client: Client,
        endpoint: Endpoint,
        cache: CompletionCache,
        concurrency: int,
        max_retries: int,
        budget: Budget | None = None,
        notices: Notices | None = None,
    ) -> None:
        self._client = client
        self.endpoint = endpoint
        self._cache = cache
        self._limiter = AdaptiveLimiter(concurrency)
        self._outage = OutageDetector()
        self._max_retries = max_retries
        self._budget = budget
        self._per_request = CompletionsPerRequest(sys.maxsize if endpoint.several else 1)
        self._notices = notices or Notices()
        self._in_flight: dict[str, asyncio.Future[Completion | None]] = {}
        self.identity = endpoint.identity
        self.api_calls = 0
        self.transient_failures = 0

    async def cached(self, keys: Sequence[str]) -> dict[str, Completion]:
        """Return the completions of those keys that are in the cache."""
        completions = await self._cache.get_many(keys)
        if completions:
            self._outage.has_answered = True
        return completions

    async def get(self, key: str, request: Request, siblings: Mapping[str, Request] | None = None) -> Completion:
        """Return the completion of a request; equal requests in flight are sent once.

        Args:
            key, request: The request and its cache key.
            siblings: Other samples of the same prompt that are requested at the same time, by key. If the endpoint
                can return several completions per request, the missing ones are requested together.

        Raises:
            EndpointError: The request failed.
            EndpointDownError: The endpoint fails for every request.
            BudgetExceeded: The completion is not cached, and a limit is reached.
        """
        poll_seconds = MIN_POLL_SECONDS
        while True:
            pending = self._in_flight.get(key)
            if pending is not None:
                completion = await asyncio.shield(pending)
            else:
                together = [key]
                if siblings and self._per_request.limit > 1:
                    together += [each for each in siblings if each not in self._in_flight]
                completion = await self._resolve(request, together[: self._per_request.limit])
                if completion is None:  # another process holds the lease, or the endpoint returned too few
                    await asyncio.sleep(poll_seconds)
                    poll_seconds = min(2 * poll_seconds, MAX_POLL_SECONDS)
            if completion is not None:
                return completion

    async def _resolve(self, request: Request, keys: Sequence[str]) -> Completion | None:
        """Lease the keys of one prompt and request their completions together.

        Returns:
            The completion of the first key; None if another process holds its lease.
        """
        loop = asyncio.get_running_loop()
        futures = {key: loop.create_future() for key in keys}
        self._in_flight |= futures
        admitted: list[str] = []
        lease = Lease(frozenset(), {})
        try:
            lease = await self._cache.acquire(keys)
            completions = dict(lease.completions)
            if keys[0] in lease.keys:
                admitted = await self._admit([key for key in keys if key in lease.keys])
                received = await self._request(request, admitted)
                self.api_calls += len(received)
                completions |= zip(admitted, received, strict=False)
        except BaseException as error:
            for future in futures.values():
                if isinstance(error, Exception):
                    future.set_exception(error)
                    future.exception()  # marks it as retrieved: without a waiter, asyncio would log it
                else:
                    future.cancel()
            raise
        finally:
            self._cache.release(lease.keys)
            for key in keys:
                del self._in_flight[key]
            if self._budget is not None:
                self._budget.settle(len(admitted))
        if completions:
            self._outage.has_answered = True
        for key, future in futures.items():
            future.set_result(completions.get(key))  # None makes the waiter request it alone
        return completions.get(keys[0])

    async def _admit(self, keys: Sequence[str]) -> list[str]:
        """Return as many of the first keys as the budget admits, at least one."""
        return list(keys[: await self._budget.admit(len(keys))] if self._budget is not None else keys)

    async def _request(self, request: Request, keys: Sequence[str]) -> list[Completion]:
        """Request one completion per key and write them to the cache; the endpoint may return fewer."""
        try:
            completions = await self._send_several(request, len(keys))
        except EndpointError as error:
            raise self._final_error(error) from error
        except EndpointDownError as error:
            raise EndpointDownError(without_secrets(str(error), [self.endpoint.api_key])) from None
        budget_id = self._budget.budget_id if self._budget is not None else None
        identity, addresses = self.identity, self.endpoint.addresses
        if len(completions) == 1:
            return [await self._cache.put(keys[0], identity, addresses, completions[0], budget_id)]
        pairs = zip(keys, completions, strict=False)
        return await asyncio.gather(*(self._cache.put(key, identity, addresses, one, budget_id) for key, one in pairs))

    async def _send_several(self, request: Request, count: int) -> Sequence[Completion]:
        """Return up to `count` completions, or a single one if the endpoint refuses to return several.

        A request for several fails for a reason of its own, too, such as a prompt that is too long. So the endpoint
        counts as unable to return several only once a request for a single one of them succeeds.
        """
        if count == 1:
            return await self._send(request, 1)
        try:
            completions = await self._send(request, count)
        except EndpointError as error:
            if not self._per_request.may_be_refused(count, error):
                raise
            completions = await self._send(request, 1)
            self._per_request.record_refusal(error)
            return completions
        self._per_request.record_response(count, len(completions))
        return [each for each in completions if each.finish_reason not in FAILED_FINISH_REASONS]

    def _final_error(self, error: EndpointError) -> Exception:
        """Return the error of the request, or of the endpoint if it is down, without secrets."""
        models = getattr(self._client, "models", None)
        message = advise(error, self.endpoint, models.names if models is not None else ())
        message = without_secrets(message, [self.endpoint.api_key])
        self.transient_failures += error.transient
        if self._outage.record_final_failure(error):
            return EndpointDownError(message)
        return EndpointError(
            message,
            failure=error.failure,
            status=error.status,
            cause=error.cause,
            refused_parameter=error.refused_parameter,
        )

    async def _send(self, request: Request, count: int) -> Sequence[Completion]:
        try:
            return await self._send_once(request, count)
        except EndpointError as error:
            if not error.transient or (count > 1 and self._per_request.may_be_refused(count, error)):
                raise
            first_error = error
        return await retry(
            lambda: self._send_once(request, count), first_error, self._max_retries, on_wait=self._announce_wait
        )

    def _announce_wait(self, seconds: float) -> None:
        if seconds >= MIN_ANNOUNCED_SECONDS:
            self._notices.add(f"waits {seconds:.0f} s, as the endpoint asks")

    async def _send_once(self, request: Request, count: int) -> Sequence[Completion]:
        await self._limiter.acquire()
        sent = time.monotonic()
        overloaded = False
        try:
            completions = await self._client.complete(request, count)
        except EndpointError as error:
            overloaded = error.status in _OVERLOAD_STATUSES or error.failure == "timeout"
            # An endpoint that asks to wait, or whose backend fails, responds: it is not down.
            if error.transient and error.status != 429 and not error.in_response and not error.retry_after:
                self._outage.record_transient_failure(time.monotonic(), request, error)
            raise
        finally:
            self._limiter.release()
            self._limiter.record(sent, time.monotonic(), refused=overloaded)
        self._outage.record_success()
        return completions
