"""OpenAI-compatible server on loopback whose answers a test decides."""

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import orjson
from aiohttp import web


@dataclass(frozen=True)
class Asked:
    """Received request; `at` is its time in seconds of the monotonic clock."""

    path: str
    body: dict[str, Any]
    authorization: str | None
    at: float

    @property
    def prompt(self) -> Any:
        """Messages of a chat request, or text of a completion request."""
        return self.body.get("messages", self.body.get("prompt"))

    @property
    def question(self) -> str:
        """Part of the prompt with the question and its options as shown."""
        return self.prompt if isinstance(self.prompt, str) else self.prompt[-1]["content"]

    @property
    def identity(self) -> bytes:
        """Digestible form of the request, equal if the first completion is the same."""
        body = {name: value for name, value in self.body.items() if name != "n"}
        return orjson.dumps([self.path, body], option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True)
class Reply:
    """Response of the server; a text is wrapped as a completion.

    `message` holds fields of the chat message besides or instead of the text, `tokens` the completion tokens (default:
    the words of the text), and `reasoning_tokens` those of thoughts that the server counts.
    """

    text: str = "A"
    finish_reason: str = "stop"
    status: int = 200
    raw: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    message: Mapping[str, Any] = field(default_factory=dict)
    tokens: int | None = None
    reasoning_tokens: int | None = None


def drawn_letter(asked: Asked) -> Reply:
    """Return A, B or C by a hash of the request, which depends on its seed and option order."""
    return Reply("ABC"[hashlib.sha256(asked.identity).digest()[0] % 3])


class ModelServer:
    """Server of chat and text completions on a free port.

    Args:
        host: Address that it listens on.

    Attributes:
        reply: Function from a request to its response.
        choices: Maximum number of completions per request; each further one is the completion of the next seed.
        requests: All requests, in the order of arrival.
        busiest: Maximum number of requests that were in progress at once.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._host = host
        self.reply: Callable[[Asked], Reply] = drawn_letter
        self.choices = 1
        self.requests: list[Asked] = []
        self.busiest = 0
        self.base_url = ""
        self._busy = 0
        self._arrived = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def stop(self) -> None:
        """Stop responding, even to requests in progress."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [asked.body for asked in self.requests]

    def wait_for(self, count: int) -> None:
        """Wait until that many requests have arrived."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.requests) >= count, timeout=300)

    async def _start(self) -> None:
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/v1/chat/completions", self._answer)
        app.router.add_post("/v1/completions", self._answer)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.base_url = f"http://{self._host}:{port}/v1"

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "small"}]})

    async def _answer(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        asked = Asked(request.path, body, request.headers.get("Authorization"), time.monotonic())
        with self._arrived:
            self.requests.append(asked)
            self._arrived.notify_all()
        self._busy += 1
        self.busiest = max(self.busiest, self._busy)
        try:
            replies = [self.reply(each) for each in self._single_requests(asked)]
            reply = replies[0]
            await asyncio.sleep(reply.delay)
        finally:
            self._busy -= 1
        raw = _completion(asked, replies) if reply.raw is None else reply.raw
        return web.Response(body=raw, status=reply.status, headers=reply.headers, content_type="application/json")

    def _single_requests(self, asked: Asked) -> list[Asked]:
        """Return the equivalent requests for one completion each, at most `choices`."""
        body = {name: value for name, value in asked.body.items() if name != "n"}
        count = min(asked.body.get("n", 1), self.choices)
        return [
            replace(asked, body={**body, "seed": body["seed"] + place} if place else body) for place in range(count)
        ]


def _completion(asked: Asked, replies: Sequence[Reply]) -> bytes:
    if replies[0].status != 200:
        return orjson.dumps({"error": {"message": replies[0].text}})
    chat = "messages" in asked.body
    choices = []
    for place, reply in enumerate(replies):
        message = {"role": "assistant", "content": reply.text, **reply.message}
        choices.append(
            {
                "index": place,
                "finish_reason": reply.finish_reason,
                **({"message": message} if chat else {"text": reply.text}),
            }
        )
    prompt_tokens = len(str(asked.prompt).split())
    completion_tokens = sum(len(reply.text.split()) if reply.tokens is None else reply.tokens for reply in replies)
    usage: dict[str, Any] = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 3},
    }
    thoughts = [reply.reasoning_tokens for reply in replies if reply.reasoning_tokens is not None]
    if thoughts:
        usage["completion_tokens_details"] = {"reasoning_tokens": sum(thoughts)}
    kind = "chat.completion" if chat else "text_completion"
    return orjson.dumps(
        {"id": "x", "object": kind, "created": 1, "model": asked.body["model"], "choices": choices, "usage": usage}
    )
