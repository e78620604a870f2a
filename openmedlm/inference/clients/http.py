"""Client for OpenAI-compatible endpoints over pooled keep-alive connections."""

import asyncio
import json
import os
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self
from urllib.request import getproxies

import aiohttp
import orjson

from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.errors import EndpointDownError, EndpointError
from openmedlm.inference.request import Completion, Request
from openmedlm.inference.request_body import request_body
from openmedlm.inference.response import parse_completions, parse_failure

CHECK_TIMEOUT_SECONDS = 10.0


class HttpClient:
    """Chat and text completions over HTTP.

    Args:
        endpoint: Endpoint with a `base_url`.
        connections: Maximum number of open connections.
        timeout: Maximum seconds of one request.
    """

    def __init__(self, endpoint: Endpoint, connections: int, timeout: float) -> None:
        self._endpoint = endpoint
        self._connections = connections
        self._timeout = timeout

    async def __aenter__(self) -> Self:
        headers = {"Content-Type": "application/json"}
        if self._endpoint.api_key:
            headers["Authorization"] = f"Bearer {self._endpoint.api_key}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=bool(getproxies()),  # a proxy lookup per request takes time
            timeout=aiohttp.ClientTimeout(total=self._timeout),
            headers=headers,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def check(self) -> None:
        url = f"{self._endpoint.base_url}/models"
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_SECONDS), self._session.get(url) as response:
                if response.status in (401, 403):
                    raise EndpointDownError(str(parse_failure(response.status, _json(await response.read()), None)))
        except TimeoutError as error:
            raise EndpointDownError(
                f"no response from {url} within {CHECK_TIMEOUT_SECONDS:g} s. Check that the server is running."
            ) from error
        except aiohttp.ClientError as error:
            raise EndpointDownError(
                f"cannot connect to {url}: {_reason(error)}. Check that the server is running."
            ) from error

    async def complete(self, request: Request, count: int = 1) -> Sequence[Completion]:
        path = "chat/completions" if request.chat else "completions"
        body = orjson.dumps(request_body(request, self._endpoint, count))
        started = time.perf_counter()
        try:
            async with self._session.post(f"{self._endpoint.base_url}/{path}", data=body) as response:
                received = await response.read()
                status, headers = response.status, response.headers
        except TimeoutError as error:
            raise EndpointError(f"no response within {self._timeout:g} s", failure="timeout", transient=True) from error
        except aiohttp.ClientError as error:
            message = f"cannot connect to {self._endpoint.base_url}: {_reason(error)}"
            raise EndpointError(message, failure="connection", transient=True) from error
        parsed = _json(received)
        if status != 200:
            raise parse_failure(status, parsed, _seconds(headers.get("Retry-After")))
        cost = 0.0 if self._endpoint.free else None
        return parse_completions(parsed, time.perf_counter() - started, cost)


def _reason(error: aiohttp.ClientError) -> str:
    """Return the cause of a connection error: the operating system's message if there is one."""
    code = error.os_error.errno if isinstance(error, aiohttp.ClientConnectorError) else None
    return os.strerror(code).lower() if code else str(error) or type(error).__name__


def _json(received: bytes) -> Any:
    try:
        return orjson.loads(received)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(received)  # accepts half of a surrogate pair, which models cut off inside an emoji send
    except (ValueError, RecursionError):
        return received.decode(errors="replace")


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds of a Retry-After header; None for its other form, a date."""
    return float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else None
