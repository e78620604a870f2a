"""Tests of requests that are adapted to what the endpoint accepts."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from openmedlm.inference import EndpointError, Notices, find_endpoint
from openmedlm.inference.causes import make_error
from openmedlm.inference.clients.adapting import MIN_TOKENS, AdaptingClient
from openmedlm.inference.clients.model_list import ModelList
from openmedlm.inference.request import Completion, Request
from openmedlm.inference.request_body import request_body
from openmedlm.programs import SamplingParams

ENDPOINT = find_endpoint("hosted_vllm/m", "http://127.0.0.1:1/v1")
COMPLETION = Completion("B", "stop", 1, 1, 0, None, 0.0)
DECODE = SamplingParams(max_tokens=500, temperature=0.8, top_p=0.9, top_k=40, stop=("\n",))
Refuse = Callable[[dict[str, Any]], tuple[int, Any] | None]


class Picky:
    """Client of an endpoint that refuses some bodies."""

    def __init__(self, refuse: Refuse) -> None:
        self.models = ModelList(("m",), 4096)
        self.bodies: list[dict[str, Any]] = []
        self._refuse = refuse

    async def check(self) -> None:
        pass

    async def complete(self, request: Request, count: int = 1) -> Sequence[Completion]:
        body = request_body(request, ENDPOINT, count)
        self.bodies.append(body)
        refusal = self._refuse(body)
        if refusal is not None:
            raise make_error(*refusal)
        return [COMPLETION]


def request(text: str = "Which organ?", **fields: Any) -> Request:
    return Request(({"role": "user", "content": text},), DECODE, **{"seed": 7, **fields})


def send(refuse: Refuse, *requests: Request) -> tuple[list[dict[str, Any]], AdaptingClient]:
    picky = Picky(refuse)
    client = AdaptingClient(picky, ENDPOINT, Notices())

    async def go() -> None:
        for each in requests:
            await client.complete(each)

    asyncio.run(go())
    return picky.bodies, client


def refusing(*names: str) -> Refuse:
    def refuse(body: dict[str, Any]) -> tuple[int, Any] | None:
        unknown = [name for name in names if name in body]
        return (400, {"error": {"message": f"Unknown parameter: '{unknown[0]}'."}}) if unknown else None

    return refuse


@pytest.mark.parametrize("name", ["seed", "top_k", "top_p", "temperature", "stop"])
def test_refused_parameter_is_left_out_from_then_on(name: str) -> None:
    bodies, client = send(refusing(name), request(), request(seed=8))
    assert [name in body for body in bodies] == [True, False, False]
    assert bodies[1] == {key: value for key, value in bodies[0].items() if key != name}
    assert client.refused == {name}
    assert len(client.notices.messages) == 1
    assert name in client.notices.messages[0]


def test_several_parameters_are_left_out_one_by_one() -> None:
    bodies, client = send(refusing("seed", "top_k", "top_p"), request(), request())
    assert (len(bodies), client.refused) == (5, {"seed", "top_k", "top_p"})
    assert len(client.notices.messages) == 3


def test_refused_max_tokens_is_renamed() -> None:
    bodies, _ = send(refusing("max_tokens"), request(), request())
    assert [body.get("max_completion_tokens") for body in bodies] == [None, 500, 500]
    assert "max_tokens" not in bodies[1]


def test_refused_new_name_is_left_out_too() -> None:
    bodies, _ = send(refusing("max_tokens", "max_completion_tokens"), request())
    assert not {"max_tokens", "max_completion_tokens"} & set(bodies[-1])


def test_requests_in_flight_are_all_repeated() -> None:
    picky = Picky(refusing("seed"))
    client = AdaptingClient(picky, ENDPOINT)

    async def go() -> None:
        await asyncio.gather(*(client.complete(request(seed=number)) for number in range(8)))

    asyncio.run(go())
    assert client.notices.messages == [client.notices.messages[0]]
    assert sum("seed" not in body for body in picky.bodies) == 8


@pytest.mark.parametrize("name", ["model", "messages", "n"])
def test_required_field_is_never_left_out(name: str) -> None:
    client = AdaptingClient(Picky(lambda body: (400, {"message": f"unknown field: {name}"})), ENDPOINT)
    with pytest.raises(EndpointError, match=name):
        asyncio.run(client.complete(request(), 3))
    assert client.refused == frozenset()


def test_field_that_stays_in_the_body_ends_the_attempts() -> None:
    client = AdaptingClient(Picky(lambda body: (400, {"message": "unknown field: seed, top_k"})), ENDPOINT)
    with pytest.raises(EndpointError, match="seed"):
        asyncio.run(client.complete(request()))


@pytest.mark.parametrize("names", [["structured_outputs"], ["guided_choice"]])
def test_other_constraint_field_is_enough(names: list[str]) -> None:
    bodies, client = send(refusing(*names), request(choices=("A", "B")))
    assert not set(names) & set(bodies[-1])
    assert {"structured_outputs", "guided_choice"} & set(bodies[-1])
    assert client.refused == set(names)


def test_refused_constraint_is_named_in_the_error() -> None:
    refuse = refusing("structured_outputs", "guided_choice")
    picky = Picky(refuse)
    client = AdaptingClient(picky, ENDPOINT)
    for sent in (2, 2):  # the second request is not sent at all
        with pytest.raises(EndpointError) as caught:
            asyncio.run(client.complete(request(choices=("A", "B"))))
        assert caught.value.refused_parameter in ("structured_outputs", "guided_choice")
        assert not caught.value.transient
        assert len(picky.bodies) == sent
    asyncio.run(client.complete(request()))
    assert len(picky.bodies) == 3


def limited(context: int, prompt: Callable[[dict[str, Any]], int], message: str) -> Refuse:
    def refuse(body: dict[str, Any]) -> tuple[int, Any] | None:
        tokens, asked = prompt(body), body["max_tokens"]
        if tokens + asked <= context:
            return None
        text = message.format(context=context, prompt=tokens, asked=asked, total=tokens + asked)
        return 400, {"error": {"message": text}}

    return refuse


OLD = (
    "This model's maximum context length is {context} tokens. However, you requested {total} tokens ({prompt} in the "
    "messages, {asked} in the completion)."
)


def length(body: dict[str, Any]) -> int:
    return len(body["messages"][0]["content"])


def test_completion_is_shortened_to_the_largest_that_fits() -> None:
    long = request("x" * 800)
    bodies, client = send(limited(1_000, length, OLD), long, long._replace(seed=8), request("x" * 100))
    assert [body["max_tokens"] for body in bodies] == [500, 200, 200, 500]
    assert client.context_length == 1_000
    assert len(client.notices.messages) == 1


def test_completion_is_halved_without_numbers() -> None:
    bodies, _ = send(limited(1_000, length, "exceeds the context window"), request("x" * 800))
    assert [body["max_tokens"] for body in bodies] == [500, 250, 125]


@pytest.mark.parametrize("message", [OLD, "exceeds the context window", "your prompt contains at least {prompt} input "
                                     "tokens; the maximum context length is {context}"])  # fmt: skip
def test_prompt_that_does_not_fit_is_an_error(message: str) -> None:
    picky = Picky(limited(1_000, length, message))
    client = AdaptingClient(picky, ENDPOINT)
    with pytest.raises(EndpointError) as caught:
        asyncio.run(client.complete(request("x" * 1_000)))
    assert caught.value.cause == "context"
    assert min(body["max_tokens"] for body in picky.bodies) >= min(500, MIN_TOKENS)
    assert len(picky.bodies) <= 7


def test_max_tokens_beyond_the_context_is_learned() -> None:
    """A limit as long as the context fits after no prompt: later requests are shortened from the start."""
    bodies, _ = send(limited(400, length, OLD), *(request("x" * size) for size in (100, 120, 90)))
    assert [body["max_tokens"] for body in bodies][:2] == [500, 300]
    assert len(bodies) == 4


def test_limit_of_completions_is_learned() -> None:
    message = "max_tokens is too large: {}. This model supports at most 300 completion tokens, whereas you provided {}."
    bodies, client = send(
        lambda body: (400, {"error": {"message": message}}) if body["max_tokens"] > 300 else None,
        request(),
        request("b"),
    )
    assert [body["max_tokens"] for body in bodies] == [500, 300, 300]
    assert "300" in client.notices.messages[0]


def test_check_reads_the_context_of_the_list() -> None:
    client = AdaptingClient(Picky(lambda body: None), ENDPOINT)
    asyncio.run(client.check())
    assert (client.context_length, client.models.names) == (4096, ("m",))


def test_other_errors_pass() -> None:
    client = AdaptingClient(Picky(lambda body: (503, {"error": "busy"})), ENDPOINT)
    with pytest.raises(EndpointError, match="busy") as caught:
        asyncio.run(client.complete(request()))
    assert caught.value.transient
