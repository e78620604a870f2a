import asyncio
import socket
import time
from collections.abc import Callable, Coroutine
from email.utils import formatdate
from typing import Any

import pytest
from aiohttp import web

from openmedlm.inference import Endpoint, EndpointDownError, EndpointError, Notices, find_endpoint, open_client
from openmedlm.inference.request import Completion, Request
from openmedlm.programs import SamplingParams

MESSAGES = ({"role": "user", "content": "Which organ pumps?\nA. Liver\nB. Heart"},)
GREEDY = SamplingParams(max_tokens=8)


@pytest.fixture
def endpoint(server: Any) -> Endpoint:
    return find_endpoint("hosted_vllm/small", f"{server.base_url}/", "a-secret-key")


@pytest.fixture
def dead_address() -> str:
    """Return an address where no server listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


def complete(endpoint: Endpoint, request: Request, timeout: float = 20.0) -> Completion:
    async def go() -> Completion:
        async with open_client(endpoint, 4, timeout) as client:
            (done,) = await client.complete(request)
            return done

    return asyncio.run(go())


def check(endpoint: Endpoint) -> None:
    async def go() -> None:
        async with open_client(endpoint, 4, 20.0) as client:
            await client.check()

    asyncio.run(go())


def test_complete_returns_text_tokens_and_seconds(server: Any, endpoint: Endpoint, make_reply: Any) -> None:
    server.reply = lambda asked: make_reply("It is B.", finish_reason="length", delay=0.05)
    completion = complete(endpoint, Request(MESSAGES, GREEDY))
    words = len(str(server.requests[0].prompt).split())
    assert completion._replace(seconds=0.0) == Completion("It is B.", "length", words, 3, 3, 0.0, 0.0)
    assert completion.seconds >= 0.05


def test_trailing_slash_of_the_address_is_ignored(server: Any, endpoint: Endpoint) -> None:
    complete(endpoint, Request(MESSAGES, GREEDY))
    assert server.requests[0].path == "/v1/chat/completions"


def test_complete_sends_one_request_even_if_it_fails(server: Any, endpoint: Endpoint, make_reply: Any) -> None:
    server.reply = lambda asked: make_reply("overloaded", status=503, headers={"Retry-After": "7"})
    with pytest.raises(EndpointError, match="HTTP 503: overloaded") as caught:
        complete(endpoint, Request(MESSAGES, GREEDY))
    assert (caught.value.status, caught.value.transient, caught.value.retry_after) == (503, True, 7.0)
    assert len(server.requests) == 1


def test_error_is_one_short_line(server: Any, endpoint: Endpoint, make_reply: Any) -> None:
    server.reply = lambda asked: make_reply("first line\n  second line\n" + "x" * 5000, status=400)
    with pytest.raises(EndpointError, match="HTTP 400: first line second line x") as caught:
        complete(endpoint, Request(MESSAGES, GREEDY))
    assert len(str(caught.value)) < 350
    assert not caught.value.transient


def test_refused_connection_is_transient(dead_address: str) -> None:
    with pytest.raises(EndpointError, match=f"{dead_address}.*connection refused") as caught:
        complete(find_endpoint("hosted_vllm/small", dead_address), Request(MESSAGES, GREEDY))
    assert caught.value.transient


def test_check_passes_for_a_running_server(endpoint: Endpoint) -> None:
    check(endpoint)


def test_check_fails_without_a_server(dead_address: str) -> None:
    with pytest.raises(EndpointDownError, match=f"{dead_address}.*connection refused.*server is running"):
        check(find_endpoint("hosted_vllm/small", dead_address))


def test_unusual_text_survives_the_round_trip(server: Any, endpoint: Endpoint, make_reply: Any) -> None:
    odd = 'µ-opioid\u2028 "🫀" \x00\x1f \\n {question} Ω\u200b'
    server.reply = lambda asked: make_reply(asked.prompt[0]["content"])
    assert complete(endpoint, Request(({"role": "user", "content": odd},), GREEDY)).text == odd


class Scripted:
    """Server whose responses a test scripts by method and path, and that records what it received."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.seen: list[tuple[str, str, str | None, bytes]] = []
        self.script: dict[str, Callable[[web.Request], web.StreamResponse]] = {}
        self._host = host

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.method, request.path, request.headers.get("Authorization"), await request.read()))
        make = self.script.get(f"{request.method} {request.path}")
        return make(request) if make is not None else web.json_response({"detail": "Not Found"}, status=404)

    async def start(self) -> str:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, 0).start()
        return f"http://{self._host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    @property
    def posts(self) -> list[str]:
        return [path for method, path, _, _ in self.seen if method == "POST"]


def completion(request: web.Request) -> web.StreamResponse:
    return web.json_response({"choices": [{"message": {"content": "B"}, "finish_reason": "stop"}]})


Work = Callable[..., Coroutine[Any, Any, None]]


def with_servers(work: Work, *servers: Scripted) -> None:
    async def go() -> None:
        urls = [await each.start() for each in servers]
        try:
            await work(*urls)
        finally:
            for each in servers:
                await each.stop()

    asyncio.run(go())


async def ask(base_url: str, notices: Notices | None = None, times: int = 1, check: bool = False) -> str:
    endpoint = find_endpoint("openai/m", base_url, "a-key")
    async with open_client(endpoint, 4, 5.0, notices) as client:
        if check:
            await client.check()
        for _ in range(times):
            (done,) = await client.complete(Request(MESSAGES, GREEDY))
        return done.text


CHAT = "POST /v1/chat/completions"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_keeps_method_body_and_key(status: int) -> None:
    server, notices = Scripted(), Notices()
    server.script[CHAT] = lambda request: web.Response(status=status, headers={"Location": "/new/chat/completions"})
    server.script["POST /new/chat/completions"] = completion

    async def work(url: str) -> None:
        assert await ask(f"{url}/v1", notices, times=2) == "B"

    with_servers(work, server)
    assert server.posts == ["/v1/chat/completions", "/new/chat/completions"] * 2
    assert len({body for *_, body in server.seen}) == 1
    assert {key for _, _, key, _ in server.seen} == {"Bearer a-key"}
    assert len(notices.messages) == 1


def test_redirect_to_another_host_gets_no_key() -> None:
    first, other = Scripted(), Scripted("127.0.0.2")
    other.script[CHAT] = completion

    async def work(url: str, target: str) -> None:
        first.script[CHAT] = lambda request: web.Response(
            status=307, headers={"Location": f"{target}/v1/chat/completions"}
        )
        assert await ask(f"{url}/v1") == "B"

    with_servers(work, first, other)
    assert [key for _, _, key, _ in first.seen] == ["Bearer a-key"]
    assert [key for _, _, key, _ in other.seen] == [None]


def test_redirect_loop_ends_in_one_line() -> None:
    server = Scripted()
    server.script[CHAT] = lambda request: web.Response(status=302, headers={"Location": "/v1/chat/completions"})

    async def work(url: str) -> None:
        with pytest.raises(EndpointDownError, match=r"too many redirects.*--api-base") as caught:
            await ask(f"{url}/v1")
        assert "\n" not in str(caught.value)

    with_servers(work, server)
    assert len(server.posts) <= 12


@pytest.mark.parametrize(
    "at_base",
    [
        lambda request: web.json_response({"detail": "Not Found"}, status=404),
        lambda request: web.json_response({"detail": "Method Not Allowed"}, status=405),
        lambda request: web.Response(text="<!doctype html><p>Console</p>", content_type="text/html"),
        lambda request: web.json_response({"content": " B", "tokens_predicted": 2}),
    ],
)
def test_missing_version_is_appended(at_base: Callable[[web.Request], web.StreamResponse]) -> None:
    server, notices = Scripted(), Notices()
    server.script |= {"POST /chat/completions": at_base, CHAT: completion}

    async def work(url: str) -> None:
        assert await ask(url, notices, times=2) == "B"

    with_servers(work, server)
    assert server.posts == ["/chat/completions", "/v1/chat/completions", "/v1/chat/completions"]
    assert len(notices.messages) == 1
    assert "/v1" in notices.messages[0]


def test_missing_version_is_appended_to_concurrent_requests() -> None:
    server, notices = Scripted(), Notices()
    server.script[CHAT] = completion

    async def work(url: str) -> None:
        async with open_client(find_endpoint("openai/m", url), 8, 5.0, notices) as client:
            answers = await asyncio.gather(*(client.complete(Request(MESSAGES, GREEDY)) for _ in range(8)))
        assert [answer.text for (answer,) in answers] == ["B"] * 8

    with_servers(work, server)
    assert len(notices.messages) == 1


def test_address_without_version_that_answers_is_kept() -> None:
    server = Scripted()
    server.script |= {"POST /chat/completions": completion, CHAT: completion}

    async def work(url: str) -> None:
        assert await ask(url) == "B"

    with_servers(work, server)
    assert server.posts == ["/chat/completions"]


def test_missing_model_behind_a_version_is_reported() -> None:
    server = Scripted()
    server.script[CHAT] = lambda request: web.json_response({"error": {"message": "no model m"}}, status=404)

    async def work(url: str) -> None:
        for base in (url, f"{url}/v1"):
            with pytest.raises(EndpointError, match="HTTP 404: no model m"):
                await ask(base)

    with_servers(work, server)


def _abort(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def _status(status: int) -> Callable[[web.Request], web.StreamResponse]:
    return lambda request: web.json_response({"error": {"message": "no"}}, status=status)


@pytest.mark.parametrize(
    "models",
    [
        *map(_status, (401, 403, 404, 405, 500, 503)),
        lambda request: web.Response(text="<html>", content_type="text/html"),
        lambda request: web.json_response([None]),
        lambda request: web.Response(status=302, headers={"Location": "/v1/models"}),
        _abort,
    ],
)
def test_list_of_models_is_a_courtesy(models: Callable[[web.Request], web.StreamResponse]) -> None:
    server = Scripted()
    server.script |= {"GET /v1/models": models, CHAT: completion}

    async def work(url: str) -> None:
        assert await ask(f"{url}/v1", check=True) == "B"

    with_servers(work, server)


def test_slow_list_of_models_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openmedlm.inference.clients.http.CHECK_TIMEOUT_SECONDS", 0.1)
    server = Scripted()
    server.script |= {CHAT: completion}

    async def slow(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            await asyncio.sleep(5)
        return completion(request)

    server._answer = slow  # type: ignore[method-assign]

    async def work(url: str) -> None:
        assert await ask(f"{url}/v1", check=True) == "B"

    with_servers(work, server)


def test_list_of_models_gives_the_context_length() -> None:
    server = Scripted()
    server.script["GET /v1/models"] = lambda request: web.json_response({"data": [{"id": "m", "max_model_len": 4096}]})

    async def work(url: str) -> None:
        async with open_client(find_endpoint("openai/m", f"{url}/v1"), 4, 5.0) as client:
            await client.check()
            assert (client.context_length, client.models.names) == (4096, ("m",))

    with_servers(work, server)


@pytest.mark.parametrize(
    ("header", "cost"), [("3.2e-05", 3.2e-05), ("0", 0.0), ("free", None), ("-1", None), ("nan", None), (None, None)]
)
def test_cost_of_a_proxy_is_read(header: str | None, cost: float | None) -> None:
    server = Scripted()

    def priced(request: web.Request) -> web.StreamResponse:
        response = completion(request)
        if header is not None:
            response.headers["x-litellm-response-cost"] = header
        return response

    server.script[CHAT] = priced

    async def work(url: str) -> None:
        async with open_client(find_endpoint("openai/m", f"{url}/v1"), 4, 5.0) as client:
            (done,) = await client.complete(Request(MESSAGES, GREEDY))
            assert done.cost_usd == cost

    with_servers(work, server)


def test_event_stream_is_read_although_it_was_not_asked_for() -> None:
    server = Scripted()
    events = 'data: {"choices": [{"index": 0, "delta": {"content": "B"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    server.script[CHAT] = lambda request: web.Response(text=events, content_type="text/event-stream")

    async def work(url: str) -> None:
        assert await ask(f"{url}/v1") == "B"

    with_servers(work, server)


def test_error_inside_an_event_stream_is_an_error() -> None:
    server = Scripted()
    events = 'data: {"error": {"message": "overloaded", "code": 503}}\n\n'
    server.script[CHAT] = lambda request: web.Response(text=events, content_type="text/event-stream")

    async def work(url: str) -> None:
        with pytest.raises(EndpointError, match="overloaded") as caught:
            await ask(f"{url}/v1")
        assert caught.value.transient

    with_servers(work, server)


def test_retry_after_as_a_date_is_seconds() -> None:
    server = Scripted()
    late = formatdate(time.time() + 40, usegmt=True)
    server.script[CHAT] = lambda request: web.Response(status=429, headers={"Retry-After": late})

    async def work(url: str) -> None:
        with pytest.raises(EndpointError) as caught:
            await ask(f"{url}/v1")
        assert caught.value.retry_after == pytest.approx(40, abs=2)

    with_servers(work, server)
