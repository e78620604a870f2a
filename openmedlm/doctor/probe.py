"""Raw requests to an endpoint: one attempt, nothing adapted, nothing cached."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

from openmedlm.doctor.reply import Reply
from openmedlm.inference.causes import make_error
from openmedlm.inference.clients.http import HttpClient
from openmedlm.inference.clients.model_list import ModelList
from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.errors import EndpointDownError, EndpointError
from openmedlm.inference.retry_after import seconds_to_wait

if TYPE_CHECKING:
    from openmedlm.inference.clients.litellm import LitellmClient

MAX_WAIT_SECONDS = 30.0
"""Longest wait before a request that was refused for its rate is sent once more."""


class Probe(Protocol):
    """Sends the body of a request.

    Attributes:
        retry_after: Seconds that the last response with HTTP 429 asked to wait, 0 if it did not ask; None without one.
    """

    retry_after: float | None

    @property
    def address(self) -> str | None:
        """Address that answers; None if litellm chooses it."""

    async def models(self) -> ModelList:
        """Return the listed models; none if the list is refused."""

    async def send(self, body: Mapping[str, Any]) -> Reply:
        """Send a chat or completion request."""


@asynccontextmanager
async def open_probe(endpoint: Endpoint, timeout: float) -> AsyncIterator[Probe]:
    """Open the probe of an endpoint.

    Args:
        endpoint: Endpoint from `connect`.
        timeout: Maximum seconds of one request.
    """
    if endpoint.direct:
        async with HttpClient(endpoint, 1, timeout) as client:
            yield HttpProbe(client)
        return
    from openmedlm.inference.clients.litellm import LitellmClient

    yield LitellmProbe(LitellmClient(endpoint, timeout), endpoint.base_url)


class HttpProbe:
    """Probe of an OpenAI-compatible server."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self.retry_after: float | None = None

    @property
    def address(self) -> str | None:
        return self._client.base_url

    async def models(self) -> ModelList:
        await self._client.check()
        return self._client.models

    async def send(self, body: Mapping[str, Any]) -> Reply:
        reply = await self._send(body)
        if reply.status == 429 and reply.cause is None:
            await asyncio.sleep(min(self.retry_after or 0.0, MAX_WAIT_SECONDS))
            reply = await self._send(body)
        return reply

    async def _send(self, body: Mapping[str, Any]) -> Reply:
        started = time.perf_counter()
        try:
            response = await self._client.send("chat/completions" if "messages" in body else "completions", body)
        except (EndpointError, EndpointDownError) as error:
            return Reply(seconds=time.perf_counter() - started, failure=error)
        seconds = time.perf_counter() - started
        if 200 <= response.status < 300:
            return Reply(response.body, seconds)
        asked = seconds_to_wait(response.headers, limited=response.status == 429)
        if response.status == 429:
            self.retry_after = asked or 0.0
        return Reply(response.body, seconds, make_error(response.status, response.body, asked))


class LitellmProbe:
    """Probe of a provider that litellm calls."""

    def __init__(self, client: "LitellmClient", address: str | None) -> None:
        self._client = client
        self.address = address
        self.retry_after: float | None = None

    async def models(self) -> ModelList:
        return ModelList()

    async def send(self, body: Mapping[str, Any]) -> Reply:
        started = time.perf_counter()
        try:
            response = await self._client.send(dict(body))
        except (EndpointError, EndpointDownError) as error:
            if isinstance(error, EndpointError) and error.status == 429:
                self.retry_after = error.retry_after or 0.0
            return Reply(seconds=time.perf_counter() - started, failure=error)
        return Reply(response.model_dump(), time.perf_counter() - started)
