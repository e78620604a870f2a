import asyncio
import socket
from typing import Any

import pytest

from openmedlm.inference import Endpoint, EndpointDownError, EndpointError, find_endpoint, open_client
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
