"""LitellmEmbedder against a local server with OpenAI's /v1/embeddings."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np
import orjson
import pytest
from aiohttp import web
from tenacity import wait_none

from openmedlm.data import UserError
from openmedlm.programs.retrieval import LitellmEmbedder
from openmedlm.programs.retrieval.litellm_embedder import MAX_TEXTS_PER_REQUEST

KEY = "sk-a-very-secret-key"
Answer = Callable[[list[str]], tuple[int, object]]


def vector_of(text: str) -> list[float]:
    return [float(len(text)), 1.0, float(sum(map(ord, text)) % 97)]


def rows_of(texts: list[str]) -> list[dict[str, Any]]:
    return [{"object": "embedding", "index": n, "embedding": vector_of(text)} for n, text in enumerate(texts)]


def embeddings(rows: object) -> tuple[int, object]:
    return 200, {"object": "list", "model": "small", "data": rows, "usage": {"prompt_tokens": 1, "total_tokens": 1}}


class EmbeddingServer:
    """Server on a free loopback port.

    Attributes:
        answer: from a request's texts to a status and a body.
        bodies, authorizations: of every request, in the order of arrival.
    """

    def __init__(self) -> None:
        self.answer: Answer = lambda texts: embeddings(rows_of(texts))
        self.bodies: list[dict[str, Any]] = []
        self.authorizations: list[str | None] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/v1/embeddings", self._embed)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"

    async def _embed(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        self.bodies.append(body)
        self.authorizations.append(request.headers.get("Authorization"))
        status, said = self.answer(body["input"])
        return web.Response(body=orjson.dumps(said), status=status, content_type="application/json")


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once."""
    monkeypatch.setattr("tenacity.wait_random_exponential", lambda **_: wait_none())


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with EmbeddingServer() as running:
        yield running


@pytest.fixture(params=["openai/small", "hosted_vllm/small"])
def embedder(request: pytest.FixtureRequest, server: EmbeddingServer) -> LitellmEmbedder:
    return LitellmEmbedder(request.param, server.base_url, KEY)


@pytest.fixture
def twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit requests to two attempts, so that permanent failures end soon."""
    monkeypatch.setattr("openmedlm.programs.retrieval.litellm_embedder.MAX_ATTEMPTS", 2)


def failing(embedder: LitellmEmbedder, texts: list[str], match: str) -> str:
    """Return the error message, after a check that it holds no key."""
    with pytest.raises(UserError, match=match) as caught:
        embedder.encode(texts)
    said = str(caught.value)
    assert "\n" not in said
    assert KEY not in said
    assert caught.value.__cause__ is None
    return said


def test_vectors_are_scaled_to_unit_length(embedder: LitellmEmbedder, server: EmbeddingServer) -> None:
    texts = ["heart", "the left atrium", "x"]
    vectors = embedder.encode(texts)
    expected = np.array([vector_of(text) for text in texts])
    assert vectors.dtype == np.float32
    assert vectors == pytest.approx(expected / np.linalg.norm(expected, axis=1, keepdims=True), abs=1e-7)
    assert server.authorizations == [f"Bearer {KEY}"]
    assert [(body["model"], body["input"]) for body in server.bodies] == [("small", texts)]


def test_rows_follow_the_index_of_the_response(embedder: LitellmEmbedder, server: EmbeddingServer) -> None:
    texts = ["one", "three", "fourteen"]
    in_order = embedder.encode(texts)
    server.answer = lambda asked: embeddings(rows_of(asked)[::-1])
    assert np.array_equal(embedder.encode(texts), in_order)


def test_request_holds_at_most_64_texts(embedder: LitellmEmbedder, server: EmbeddingServer) -> None:
    texts = [f"question {n}" for n in range(2 * MAX_TEXTS_PER_REQUEST + 1)]
    vectors = embedder.encode(texts)
    assert [len(body["input"]) for body in server.bodies] == [64, 64, 1]
    assert [text for body in server.bodies for text in body["input"]] == texts
    assert np.array_equal(vectors[-1:], embedder.encode(texts[-1:]))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_transient_failure_is_retried(embedder: LitellmEmbedder, server: EmbeddingServer, status: int) -> None:
    faults = [(status, {"error": {"message": "busy"}})] * 3
    server.answer = lambda texts: faults.pop() if faults else embeddings(rows_of(texts))
    assert embedder.encode(["heart"]).shape == (1, 3)
    assert len(server.bodies) == 4


@pytest.mark.parametrize("status", [400, 401, 404])
def test_permanent_failure_is_not_retried(embedder: LitellmEmbedder, server: EmbeddingServer, status: int) -> None:
    server.answer = lambda texts: (status, {"error": {"message": f"no\nsuch thing for {KEY}"}})
    said = failing(embedder, ["heart"], r"litellm:.*such thing for \*\*\*.*--embedder")
    assert embedder.name in said
    assert len(server.bodies) == 1


@pytest.mark.usefixtures("twice")
def test_dead_endpoint_is_one_line_without_the_key(embedder: LitellmEmbedder, server: EmbeddingServer) -> None:
    server.answer = lambda texts: (500, {"error": {"message": f"down; you said Bearer {KEY}"}})
    failing(embedder, ["heart"], "down; you said Bearer")
    assert len(server.bodies) >= 2


def test_key_from_the_environment_is_not_shown(server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTED_VLLM_API_KEY", KEY)
    server.answer = lambda texts: (401, {"error": {"message": f"{KEY} is not known"}})
    failing(LitellmEmbedder("hosted_vllm/small", server.base_url), ["heart"], r"\*\*\* is not known")
    assert server.authorizations == [f"Bearer {KEY}"]


@pytest.mark.usefixtures("twice")
def test_encode_prints_nothing_and_logs_no_key(
    embedder: LitellmEmbedder,
    server: EmbeddingServer,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.answer = lambda texts: (500, {"error": {"message": "down"}})
    with caplog.at_level(logging.INFO):
        failing(embedder, ["heart"], "down")
    said = capfd.readouterr()
    assert said.out == ""
    assert KEY not in said.err + caplog.text + repr(embedder) + embedder.fingerprint + embedder.name


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (lambda texts: embeddings(rows_of(texts)[:-1]), "2 vectors for 3 texts"),
        (lambda texts: embeddings([]), "0 vectors for 3 texts"),
        (lambda texts: embeddings(rows_of([*texts, "more"])), "4 vectors for 3 texts"),
        (lambda texts: embeddings([{**row, "index": 0} for row in rows_of(texts)]), "does not number them"),
        (
            lambda texts: embeddings([*rows_of(texts)[:2], {"index": 2, "embedding": [1.0]}]),
            "no vectors of equal length",
        ),
        (lambda texts: embeddings([{"index": n, "embedding": []} for n in range(3)]), "length 0 or infinity"),
        (lambda texts: embeddings([{"index": n, "embedding": ["x"]} for n in range(3)]), "no vectors of equal length"),
        (
            lambda texts: embeddings([{"index": n, "embedding": "AACAPw=="} for n in range(3)]),
            "no vectors of equal length",
        ),
        (lambda texts: embeddings([{"index": n} for n in range(3)]), "can't use the embedder"),
        (lambda texts: embeddings([{"embedding": [1.0]} for n in range(3)]), "does not number them"),
        (lambda texts: embeddings([{"index": n, "embedding": [0.0, 0.0]} for n in range(3)]), "length 0 or infinity"),
    ],
)
def test_response_without_valid_vectors_is_an_error(answer: Answer, match: str, server: EmbeddingServer) -> None:
    server.answer = answer
    failing(LitellmEmbedder("hosted_vllm/small", server.base_url, KEY), ["a", "bb", "ccc"], match)
    assert len(server.bodies) == 1


@pytest.mark.usefixtures("twice")
@pytest.mark.parametrize("said", [{"hello": 1}, [], {"data": None}])
def test_response_of_another_kind_is_one_line(said: object, server: EmbeddingServer) -> None:
    for model in ("openai/small", "hosted_vllm/small"):
        server.answer = lambda texts: (200, said)
        failing(LitellmEmbedder(model, server.base_url, KEY), ["a"], r"can't use the embedder")


def test_model_without_a_provider_is_one_line() -> None:
    failing(LitellmEmbedder("small"), ["heart"], "litellm:small")


def test_fingerprint_has_the_address_without_its_slash() -> None:
    plain, one, two, slash = (
        LitellmEmbedder("openai/small", base).fingerprint
        for base in (None, "http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1", "http://127.0.0.1:1/v1/")
    )
    assert plain == "litellm:openai/small"
    assert one == slash == "litellm:openai/small@http://127.0.0.1:1/v1"
    assert len({plain, one, two}) == 3


@pytest.mark.parametrize("base", [f"http://me:{KEY}@127.0.0.1/v1", f"http://127.0.0.1/v1?key={KEY}", "127.0.0.1:80"])
def test_invalid_or_secret_address_is_rejected(base: str) -> None:
    with pytest.raises(UserError, match="api base") as caught:
        LitellmEmbedder("openai/small", base)
    assert KEY not in str(caught.value)


def test_empty_model_is_rejected() -> None:
    with pytest.raises(UserError, match="no model in --embedder"):
        LitellmEmbedder("")
