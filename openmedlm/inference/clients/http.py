"""Client for OpenAI-compatible endpoints over pooled keep-alive connections."""

import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies

import aiohttp
import orjson

from openmedlm.inference.causes import make_error
from openmedlm.inference.clients.model_list import ModelList, parse_model_list
from openmedlm.inference.clients.tls import explain_tls_error, trusted_certificates
from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.errors import ConnectionRefused, EndpointDownError, EndpointError
from openmedlm.inference.event_stream import join_event_stream
from openmedlm.inference.notices import Notices
from openmedlm.inference.request import Completion, Request
from openmedlm.inference.request_body import request_body
from openmedlm.inference.response import parse_completions
from openmedlm.inference.retry_after import seconds_to_wait

CHECK_TIMEOUT_SECONDS = 10.0

CONNECT_TIMEOUT_SECONDS = 30.0
"""Maximum seconds until a connection is made; a host that drops packets never refuses one."""

MAX_REDIRECTS = 10

_REDIRECTS = (301, 302, 307, 308)
_COST_HEADER = "x-litellm-response-cost"
_VERSION = re.compile(r"/v\d+\w*$")


class _Response(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpResponse(NamedTuple):
    """Response of any status; `body` is its parsed JSON, or its text."""

    status: int
    headers: Mapping[str, str]
    body: Any


class HttpClient:
    """Chat and text completions over HTTP.

    If the address of the endpoint has no version and the endpoint has no completions there, `/v1` is appended to it.

    Args:
        endpoint: Endpoint with a `base_url`.
        connections: Maximum number of open connections.
        timeout: Maximum seconds of one request.
        notices: Receives a notice about each redirect and about an appended `/v1`.

    Attributes:
        models: Models that the endpoint lists, once `check` has read them.
    """

    def __init__(self, endpoint: Endpoint, connections: int, timeout: float, notices: Notices | None = None) -> None:
        self._endpoint = endpoint
        self._connections = connections
        self._timeout = timeout
        self._notices = notices or Notices()
        self._base_url = str(endpoint.base_url)
        self._others: dict[tuple[bool, bool], aiohttp.ClientSession] = {}
        self.models = ModelList()

    async def __aenter__(self) -> Self:
        self._session = self._open_session(with_key=True, tls=self._base_url.startswith("https:"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in (self._session, *self._others.values()):
            await session.close()

    def _open_session(self, *, with_key: bool, tls: bool) -> aiohttp.ClientSession:
        headers = {"Content-Type": "application/json"}
        if self._endpoint.api_key and with_key:
            headers["Authorization"] = f"Bearer {self._endpoint.api_key}"
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, ssl=trusted_certificates() if tls else True),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=bool(getproxies()),  # a proxy lookup per request takes time
            timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=CONNECT_TIMEOUT_SECONDS),
            headers=headers,
        )

    @property
    def base_url(self) -> str:
        """Address to which requests are sent, with `/v1` once it is found to be needed."""
        return self._base_url

    async def check(self) -> None:
        """See `Client.check`. The list of models is a courtesy: an endpoint may refuse or lack it and still answer."""
        url = f"{self._base_url}/models"
        try:
            timeout = aiohttp.ClientTimeout(total=CHECK_TIMEOUT_SECONDS, sock_connect=CHECK_TIMEOUT_SECONDS / 2)
            async with self._session.get(url, timeout=timeout) as response:
                if response.status == 200:
                    self.models = parse_model_list(_json(await response.read()), self._endpoint.served_name)
        except aiohttp.ConnectionTimeoutError as error:
            raise EndpointDownError(
                f"cannot connect to {url}: no response within {CHECK_TIMEOUT_SECONDS / 2:g} s. "
                "Check that the server is running."
            ) from error
        except aiohttp.ClientConnectorError as error:
            raise self._connection_failure(error, url) from error
        except (TimeoutError, aiohttp.ClientError):
            pass

    async def complete(self, request: Request, count: int = 1) -> Sequence[Completion]:
        path = "chat/completions" if request.chat else "completions"
        started = time.perf_counter()
        response = await self.send(path, request_body(request, self._endpoint, count))
        if not 200 <= response.status < 300:
            asked = seconds_to_wait(response.headers, limited=response.status == 429)
            raise make_error(response.status, response.body, asked)
        cost = _cost(response.headers.get(_COST_HEADER))
        if cost is None and self._endpoint.free:
            cost = 0.0
        return parse_completions(response.body, time.perf_counter() - started, cost, count)

    async def send(self, path: str, fields: Mapping[str, Any]) -> HttpResponse:
        """Send a request body to a path below the address, and return the response, whatever its status.

        Raises:
            EndpointError: No response arrived in time.
            EndpointDownError: Every further request would fail in the same way.
        """
        body = orjson.dumps(fields)
        base_url = self._base_url  # another request may change it meanwhile
        response = await self._post(f"{base_url}/{path}", body)
        if response.status != 200 or response.body[:1] == b"<" or _is_native(response):
            response = await self._recover(response, base_url, path, body)
        parsed = _json(response.body)
        if isinstance(parsed, str):
            parsed = join_event_stream(parsed) or parsed
        return HttpResponse(response.status, response.headers, parsed)

    async def _post(self, url: str, body: bytes, session: aiohttp.ClientSession | None = None) -> _Response:
        try:
            async with (session or self._session).post(url, data=body, allow_redirects=False) as response:
                return _Response(response.status, response.headers, await response.read())
        except aiohttp.ConnectionTimeoutError as error:
            message = f"cannot connect to {url}: no response within {CONNECT_TIMEOUT_SECONDS:g} s"
            raise EndpointError(message, failure="connection", transient=True) from error
        except TimeoutError as error:
            raise EndpointError(f"no response within {self._timeout:g} s", failure="timeout", transient=True) from error
        except aiohttp.ClientError as error:
            if isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
                raise self._connection_failure(error, url) from error
            message = f"cannot connect to {self._endpoint.base_url}: {_reason(error)}"
            raise EndpointError(message, failure="connection", transient=True) from error

    async def _recover(self, response: _Response, base_url: str, path: str, body: bytes) -> _Response:
        """Follow a redirect, or repeat a request at the address with `/v1`, after a response other than HTTP 200."""
        if response.status in _REDIRECTS:
            return await self._follow(response, f"{base_url}/{path}", body)
        if not _nothing_there(response) or _VERSION.search(base_url):
            return response
        versioned = f"{base_url}/v1"
        other = await self._post(f"{versioned}/{path}", body)
        if other.status in _REDIRECTS:
            other = await self._follow(other, f"{versioned}/{path}", body)
        if not _nothing_there(other):
            self._notices.add(f"the endpoint answers at {versioned}, not at {base_url}")
            self._base_url = versioned
            return other
        return other if isinstance(_json(other.body), Mapping) else response

    async def _follow(self, response: _Response, url: str, body: bytes) -> _Response:
        """Repeat a POST request at the addresses that it is redirected to; the key stays on its host."""
        first = urlsplit(url)
        for _ in range(MAX_REDIRECTS):
            if response.status not in _REDIRECTS:
                return response
            before, url = url, urljoin(url, response.headers.get("Location", ""))
            target = urlsplit(url)
            if target.scheme not in ("http", "https"):
                break
            self._notices.add(f"the endpoint redirects {_origin(before)} to {_origin(url)}")
            with_key = target.hostname == first.hostname and (target.scheme == "https" or first.scheme == "http")
            kind = with_key, target.scheme == "https"
            if kind not in self._others:
                self._others[kind] = self._open_session(with_key=with_key, tls=kind[1])
            response = await self._post(url, body, self._others[kind])
        raise EndpointDownError(f"too many redirects from {first.geturl()}: the last one to {url}. Correct --api-base.")

    def _connection_failure(self, error: aiohttp.ClientError, url: str) -> EndpointDownError:
        if (message := explain_tls_error(error, _origin(url))) is not None:
            return EndpointDownError(message)
        return ConnectionRefused(f"cannot connect to {url}: {_reason(error)}. Check that the server is running.")


def _nothing_there(response: _Response) -> bool:
    """Return whether no completions are served at an address: some servers send a web page for every path."""
    return response.status in (404, 405) or response.body[:1] == b"<" or _is_native(response)


def _is_native(response: _Response) -> bool:
    """Return whether a completion has llama.cpp's own form, which its server sends at an address without `/v1`."""
    return b'"choices"' not in response.body and b'"tokens_predicted"' in response.body


def _origin(url: str) -> str:
    """Return scheme, host and port of an address."""
    return "/".join(url.split("/", 3)[:3])


def _reason(error: aiohttp.ClientError) -> str:
    """Return the cause of a connection error: the operating system's message if there is one."""
    code = error.os_error.errno if isinstance(error, aiohttp.ClientConnectorError) else None
    return os.strerror(code).lower() if code and code > 0 else str(error) or type(error).__name__


def _json(received: bytes) -> Any:
    try:
        return orjson.loads(received)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(received)  # accepts half of a surrogate pair, which models cut off inside an emoji send
    except (ValueError, RecursionError):
        return received.decode(errors="replace")


def _cost(header: str | None) -> float | None:
    """Return the cost in US dollars that a litellm proxy reports; None if it reports none."""
    try:
        cost = float(header) if header else None
    except ValueError:
        return None
    return cost if cost is not None and 0 <= cost < 1e6 else None
