"""Tests of the litellm client against the HTTP client."""

import asyncio
import json
import time
from contextlib import suppress
from email.utils import formatdate
from typing import Any

import pytest

from openmedlm.data import Question
from openmedlm.inference import Endpoint, EndpointError, Notices, find_endpoint
from openmedlm.inference.advice import advise
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


def body_reply(make_reply: Any, message: dict[str, Any], **usage: Any) -> Any:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    response = {"id": "x", "object": "chat.completion", "created": 1, "model": "small", "choices": [choice]}
    counts = {"prompt_tokens": 9, "completion_tokens": 4, **usage}
    return make_reply(raw=json.dumps({**response, "usage": counts}).encode())


def test_litellm_passes_thoughts_on(server: Any, question: Question, make_reply: Any) -> None:
    details = {"completion_tokens_details": {"reasoning_tokens": 3}}
    server.reply = lambda asked: body_reply(make_reply, {"content": "B", "reasoning_content": "Hm."}, **details)
    done = through_litellm("openai/small", server.base_url, prompt("openai/small", question))
    assert (done.text, done.reasoning, done.reasoning_tokens) == ("B", "Hm.", 3)


@pytest.mark.parametrize(
    ("status", "text", "cause"),
    [
        (500, "Incorrect API key provided: x", "key"),
        (401, "no", "key"),
        (429, "You exceeded your current quota, please check your plan", "quota"),
        (400, "Budget has been exceeded! Current cost: 0.02, Max budget: 0.01", "quota"),
        (400, "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000", "context"),
        (503, "Loading model", "loading"),
        (500, "crashed", None),
    ],
)
def test_litellm_failure_has_its_cause(
    status: int, text: str, cause: str | None, server: Any, question: Question, make_reply: Any
) -> None:
    server.reply = lambda asked: make_reply(text, status=status)
    with pytest.raises(EndpointError) as caught:
        through_litellm("openai/small", server.base_url, prompt("openai/small", question))
    assert caught.value.cause == cause
    assert caught.value.transient is (cause in ("loading", None))


def test_litellm_reads_retry_after_as_a_date(server: Any, question: Question, make_reply: Any) -> None:
    late = formatdate(time.time() + 40, usegmt=True)
    server.reply = lambda asked: make_reply("full", status=429, headers={"Retry-After": late})
    with pytest.raises(EndpointError) as caught:
        through_litellm("openai/small", server.base_url, prompt("openai/small", question))
    assert caught.value.retry_after == pytest.approx(40, abs=2)


def test_missing_key_is_found_without_a_request(question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    endpoint = find_endpoint("anthropic/claude-3-5-haiku-20241022")
    with pytest.raises(EndpointError) as caught:
        asyncio.run(LitellmClient(endpoint, 5.0).complete(prompt("anthropic/claude", question)))
    assert (caught.value.cause, caught.value.transient) == ("key", False)
    assert "ANTHROPIC_API_KEY" in advise(caught.value, endpoint)


def test_parameter_that_litellm_drops_is_reported_once(server: Any, question: Question) -> None:
    endpoint = find_endpoint("anthropic/claude-3-5-haiku-20241022", server.base_url, "a-key")
    notices = Notices()
    client = LitellmClient(endpoint, 5.0, notices)
    for _ in range(2):
        with suppress(EndpointError):
            asyncio.run(client.complete(prompt("anthropic/claude", question)))
    assert len(notices.messages) == 1
    assert "seed" in notices.messages[0]
