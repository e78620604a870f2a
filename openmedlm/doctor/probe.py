"""Raw requests to an endpoint: one attempt, nothing adapted, nothing cached."""

import asyncio
import json
import os
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.request import getproxies

import aiohttp
import orjson

from openmedlm.doctor.reply import Reply
from openmedlm.inference.endpoint import Endpoint

MAX_WAIT_SECONDS = 30.0
"""Longest wait before a request that was refused for its rate is sent once more."""

_VERSION = re.compile(r"/v\d+\w*$")


class Probe(Protocol):
    """Sends the body of a request.

    Attributes:
        address: Address that answers; None if litellm chooses it.
        retry_after: `Retry-After` of the last response with HTTP 429; None if there was none.
    """

    address: str | None
    retry_after: str | None

    async def models(self) -> Reply:
        """Request the list of models."""

    async def send(self, body: Mapping[str, Any]) -> Reply:
        """Send a chat or completion request."""


@asynccontextmanager
async def open_probe(endpoint: Endpoint, timeout: float) -> AsyncIterator[Probe]:
    """Open the probe of an endpoint.

    Args:
        endpoint: Endpoint from `connect`.
        timeout: Maximum seconds of one request.
    """
    if not endpoint.direct:
        yield LitellmProbe(endpoint, timeout)
        return
    headers = {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
    limit = aiohttp.ClientTimeout(total=timeout)
    async with aiohttp.ClientSession(headers=headers, timeout=limit, trust_env=bool(getproxies())) as session:
        yield HttpProbe(str(endpoint.base_url), session, timeout)


class HttpProbe:
    """Probe of an OpenAI-compatible server.

    If the address has no version and nothing is served there, `/v1` is appended to it.
    """

    def __init__(self, address: str, session: aiohttp.ClientSession, timeout: float) -> None:
        self.address: str | None = address
        self.retry_after: str | None = None
        self._session = session
        self._timeout = timeout

    async def models(self) -> Reply:
        return await self._at_version("GET", "models")

    async def send(self, body: Mapping[str, Any]) -> Reply:
        path = "chat/completions" if "messages" in body else "completions"
        reply = await self._at_version("POST", path, body)
        if reply.status == 429:
            await asyncio.sleep(min(_seconds(self.retry_after), MAX_WAIT_SECONDS, self._timeout))
            reply = await self._at_version("POST", path, body)
        return reply

    async def _at_version(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        reply = await self._request(method, f"{self.address}/{path}", body)
        if _nothing_there(reply) and not _VERSION.search(str(self.address)):
            other = await self._request(method, f"{self.address}/v1/{path}", body)
            if not _nothing_there(other):
                self.address = f"{self.address}/v1"
                return other
        return reply

    async def _request(self, method: str, url: str, body: Mapping[str, Any] | None) -> Reply:
        started = time.perf_counter()
        try:
            async with self._session.request(method, url, json=body) as response:
                received = await response.read()
                if response.status == 429:
                    self.retry_after = response.headers.get("Retry-After", "")
                return Reply(response.status, _json(received), time.perf_counter() - started)
        except TimeoutError:
            return Reply(None, failure=f"no response from {url} within {self._timeout:g} s")
        except aiohttp.ClientError as error:
            return Reply(None, failure=f"cannot connect to {url}: {_reason(error)}")


class LitellmProbe:
    """Probe of a provider that litellm calls."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self.address = endpoint.base_url
        self.retry_after: str | None = None
        self._endpoint = endpoint
        self._timeout = timeout

    async def models(self) -> Reply:
        return Reply(404, "litellm lists no models")

    async def send(self, body: Mapping[str, Any]) -> Reply:
        import litellm

        import openmedlm.inference.clients.litellm  # noqa: F401 - sets the environment of litellm's import

        call = litellm.acompletion if "messages" in body else litellm.atext_completion
        started = time.perf_counter()
        try:
            response = await call(
                **body,
                api_base=self._endpoint.base_url,
                api_key=self._endpoint.api_key,
                timeout=self._timeout,
                num_retries=0,
                max_retries=0,
                drop_params=True,
            )
        except litellm.Timeout:
            return Reply(None, failure=f"no response within {self._timeout:g} s")
        except Exception as error:  # litellm raises many kinds
            status = getattr(error, "status_code", None)
            message = " ".join(str(error).split())[:300]
            return Reply(status if isinstance(status, int) else None, message, failure=message)
        return Reply(200, response.model_dump(), time.perf_counter() - started)


def _nothing_there(reply: Reply) -> bool:
    """Return whether nothing is served at an address: some servers send a web page for every path."""
    page = isinstance(reply.body, str) and reply.body.lstrip()[:1] == "<"
    return reply.status in (404, 405) or (reply.status is not None and page)


def _reason(error: aiohttp.ClientError) -> str:
    code = error.os_error.errno if isinstance(error, aiohttp.ClientConnectorError) else None
    return os.strerror(code).lower() if code and code > 0 else " ".join(str(error).split()) or type(error).__name__


def _json(received: bytes) -> Any:
    for loads in (orjson.loads, json.loads):  # the second accepts half of a surrogate pair
        try:
            return loads(received)
        except (ValueError, RecursionError):
            continue
    return received.decode(errors="replace")


def _seconds(retry_after: str | None) -> float:
    """Return the seconds of a Retry-After header; 1 for any other text."""
    return float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else 1.0
