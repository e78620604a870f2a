"""Tests of the litellm client against the HTTP client."""

import asyncio
from typing import Any

import pytest

from openmedlm.data import Question
from openmedlm.inference import Endpoint, EndpointError, find_endpoint
from openmedlm.inference.clients.http import HttpClient
from openmedlm.inference.clients.litellm import LitellmClient, prices
from openmedlm.inference.request import Completion, Request
from openmedlm.programs import CHAT, PLAIN, SamplingParams

DECODE = SamplingParams(max_tokens=8, temperature=0.0, top_p=0.9, stop=("x",))
PROVIDERS = ("openai/small", "text-completion-openai/small")


@pytest.fixture
def question(make_question: Any) -> Question:
    return make_question()


def prompt(model: str, question: Question) -> Request:
    template = PLAIN if model.startswith("text") else CHAT
    return Request(template.render("Answer.", [], question, reasoning=False), DECODE, seed=7)


def through_litellm(model: str, base_url: str, request: Request, timeout: float = 20.0) -> Completion:
    endpoint = Endpoint(model, model, served_name=model, base_url=base_url, api_key="a-secret-key", direct=False)
    (done,) = asyncio.run(LitellmClient(endpoint, timeout).complete(request))
    return done


def directly(model: str, base_url: str, request: Request) -> Completion:
    async def go() -> Completion:
        async with HttpClient(find_endpoint(model, base_url, "a-secret-key"), 4, 20.0) as client:
            (done,) = await client.complete(request)
            return done

    return asyncio.run(go())


@pytest.mark.parametrize("model", PROVIDERS)
def test_litellm_completion_equals_the_http_one(model: str, server: Any, question: Question, make_reply: Any) -> None:
    server.reply = lambda asked: make_reply("Hm, the answer may be B", finish_reason="length")
    request = prompt(model, question)
    one = through_litellm(model, server.base_url, request)
    two = directly(model, server.base_url, request)
    assert one._replace(seconds=0.0) == two._replace(seconds=0.0)
    assert (one.text, one.finish_reason, one.completion_tokens) == ("Hm, the answer may be B", "length", 6)


@pytest.mark.parametrize("model", PROVIDERS)
def test_litellm_request_equals_the_http_one(model: str, server: Any, question: Question) -> None:
    request = prompt(model, question)
    through_litellm(model, server.base_url, request)
    directly(model, server.base_url, request)
    one, two = server.requests
    assert one.path == two.path
    assert {name: one.body[name] for name in two.body} == two.body
    assert one.authorization == two.authorization == "Bearer a-secret-key"


@pytest.mark.parametrize(
    ("status", "transient"),
    [(400, False), (401, False), (404, False), (429, True), (503, True)],
)
def test_litellm_failures_are_classified_and_sent_once(
    status: int, transient: bool, server: Any, question: Question, make_reply: Any
) -> None:
    server.reply = lambda asked: make_reply("it is\nfull", status=status)
    with pytest.raises(EndpointError, match="it is full") as caught:
        through_litellm("openai/small", server.base_url, prompt("openai/small", question))
    assert (caught.value.status, caught.value.transient) == (status, transient)
    assert "a-secret-key" not in str(caught.value)
    assert len(server.requests) == 1


def test_litellm_timeout_is_transient(server: Any, question: Question, make_reply: Any) -> None:
    server.reply = lambda asked: make_reply("B", delay=30)
    with pytest.raises(EndpointError) as caught:
        through_litellm("openai/small", server.base_url, prompt("openai/small", question), timeout=0.2)
    assert (caught.value.transient, caught.value.failure) == (True, "timeout")


def test_litellm_passes_retry_after_on(server: Any, question: Question, make_reply: Any) -> None:
    server.reply = lambda asked: make_reply("full", status=429, headers={"Retry-After": "7"})
    with pytest.raises(EndpointError) as caught:
        through_litellm("openai/small", server.base_url, prompt("openai/small", question))
    assert caught.value.retry_after == 7.0


def test_prices_are_known_for_mapped_models_only() -> None:
    known = prices("openai/gpt-4o-mini")
    assert known is not None
    assert 0 < known.prompt < known.completion < 1e-4
    assert prices("hosted_vllm/01-ai/Yi-34B") is None


def test_litellm_call_has_a_cost(server: Any, question: Question, make_reply: Any) -> None:
    server.reply = lambda asked: make_reply("B")
    request = prompt("openai/gpt-4o-mini", question)
    done = through_litellm("openai/gpt-4o-mini", server.base_url, request)
    price = prices("openai/gpt-4o-mini")
    assert price is not None
    assert done.cost_usd is not None
    assert 0 < done.cost_usd <= done.prompt_tokens * price.prompt + done.completion_tokens * price.completion
