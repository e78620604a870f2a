"""A real OpenAI-compatible server on loopback that says what a test wants it to say."""

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
    """A request as it came over the wire; `at` is when, in seconds of the monotonic clock."""

    path: str
    body: dict[str, Any]
    authorization: str | None
    at: float

    @property
    def prompt(self) -> Any:
        """Messages of a chat request, the text of a completion request."""
        return self.body.get("messages", self.body.get("prompt"))

    @property
    def question(self) -> str:
        """The part that holds the question itself, with its options as shown."""
        return self.prompt if isinstance(self.prompt, str) else self.prompt[-1]["content"]

    @property
    def identity(self) -> bytes:
        """Equal for requests whose first completion is the same one."""
        body = {name: value for name, value in self.body.items() if name != "n"}
        return orjson.dumps([self.path, body], option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True)
class Reply:
    """What the server sends back; a text is wrapped as a completion."""

    text: str = "A"
    finish_reason: str = "stop"
    status: int = 200
    raw: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


def drawn_letter(asked: Asked) -> Reply:
    """One of A, B and C, by a hash of the whole request: another seed or another order is another draw."""
    return Reply("ABC"[hashlib.sha256(asked.identity).digest()[0] % 3])


class ModelServer:
    """Answers chat and text completions on a free port; `reply` decides what is said.

    Args:
        host: the address that it listens on.

    Attributes:
        reply: from a request to what is sent back.
        choices: completions that one request gets, at most; where it asks for several, each is what a request of its
            own would get with the next seed.
        requests: every request, in the order of arrival.
        busiest: the most requests that were being answered at once.
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
        """Answers nothing any more, whatever it was asked before."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [asked.body for asked in self.requests]

    def wait_for(self, count: int) -> None:
        """Returns once so many requests have arrived."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.requests) >= count, timeout=30)

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
            replies = [self.reply(each) for each in self._alone(asked)]
            reply = replies[0]
            await asyncio.sleep(reply.delay)
        finally:
            self._busy -= 1
        raw = _completion(asked, replies) if reply.raw is None else reply.raw
        return web.Response(body=raw, status=reply.status, headers=reply.headers, content_type="application/json")

    def _alone(self, asked: Asked) -> list[Asked]:
        """The requests for one completion that a request for several stands for, as many as are given at once."""
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
        said = {"message": {"role": "assistant", "content": reply.text}} if chat else {"text": reply.text}
        choices.append({"index": place, "finish_reason": reply.finish_reason, **said})
    read, written = len(str(asked.prompt).split()), sum(len(reply.text.split()) for reply in replies)
    usage = {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {"cached_tokens": 3},
    }
    kind = "chat.completion" if chat else "text_completion"
    return orjson.dumps(
        {"id": "x", "object": kind, "created": 1, "model": asked.body["model"], "choices": choices, "usage": usage}
    )
