"""OpenAI-compatible server that fails on demand, byte by byte."""

import asyncio
import contextlib
import hashlib
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Self

import orjson

Writer = asyncio.StreamWriter
HANG_SECONDS = 60.0


@dataclass(frozen=True)
class Call:
    """Request: its body, its attempt, from 0, and the letter that answers it."""

    body: dict[str, Any]
    attempt: int
    letter: str


def answer(text: Any, **fields: Any) -> bytes:
    """Return the body of a completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop", **fields}
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
    return orjson.dumps({"id": "x", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage})


def response(body: bytes, status: str = "200 OK", headers: str = "", kind: str = "application/json") -> bytes:
    """Return a complete HTTP response."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def _send(raw: bytes) -> Callable[[Call, Writer], Awaitable[None]]:
    async def send(call: Call, writer: Writer) -> None:
        writer.write(raw)
        await writer.drain()

    return send


def _status(status: str, headers: str = "") -> Callable[[Call, Writer], Awaitable[None]]:
    return _send(response(b'{"error": {"message": "not now"}}', status, headers))


async def _reset(call: Call, writer: Writer) -> None:
    writer.transport.abort()


async def _hang(call: Call, writer: Writer) -> None:
    with contextlib.suppress(asyncio.CancelledError):  # the server stops
        await asyncio.sleep(HANG_SECONDS)


async def _truncated(call: Call, writer: Writer) -> None:
    writer.write(response(answer(call.letter))[:-20])
    await writer.drain()
    writer.transport.abort()


async def _dripping(call: Call, writer: Writer) -> None:
    """Send the answer slowly, but in time."""
    for start in range(0, len(raw := response(answer(call.letter))), 64):
        writer.write(raw[start : start + 64])
        await writer.drain()
        await asyncio.sleep(0.005)


async def _twice(call: Call, writer: Writer) -> None:
    """Send the response, and a second copy that was not requested."""
    writer.write(response(answer(call.letter)) * 2)
    await writer.drain()


TRANSIENT: dict[str, Callable[[Call, Writer], Awaitable[None]]] = {
    "connection reset": _reset,
    "time-out": _hang,
    "truncated response": _truncated,
    "truncated JSON": _send(response(answer("B")[:-9])),
    "no choices": _send(response(b'{"choices": []}')),
    "choices null": _send(response(b'{"choices": null}')),
    "an error in a 200": _send(response(b'{"error": {"message": "overloaded"}}')),
    "an error in the choice": _send(
        response(answer("", finish_reason="error", error={"code": 502, "message": "gone"}))
    ),
    "an aborted choice": _send(response(answer("The answer", finish_reason="abort"))),
    "an error in an event stream": _send(response(b'data: {"error": {"message": "overloaded"}}\n\n')),
    "an HTML page": _send(response(b"<html>Bad gateway</html>", kind="text/html")),
    "no JSON at all": _send(response(b"\xff\xfe\x00")),
    "a list": _send(response(b"[]")),
    "a number for content": _send(response(answer(7))),
    **{
        f"HTTP {status.split()[0]}": _status(status)
        for status in (
            "408 Request Timeout",
            "409 Conflict",
            "429 Too Many Requests",
            "500 Internal Server Error",
            "502 Bad Gateway",
            "503 Service Unavailable",
            "504 Gateway Timeout",
        )
    },
    "HTTP 429 with Retry-After": _status("429 Too Many Requests", "Retry-After: 0\r\n"),
    "HTTP 503 with a date": _status("503 Service Unavailable", "Retry-After: Wed, 21 Oct 2035 07:28:00 GMT\r\n"),
}
"""Faults after which a retry may succeed."""


async def _half(call: Call, writer: Writer) -> None:
    """Send an answer that is cut off inside an emoji."""
    writer.write(response(answer(f"{call.letter}\n\nX").replace(b"X", b"\\ud83d")))
    await writer.drain()


async def _parts(call: Call, writer: Writer) -> None:
    """Send the text as a list of parts."""
    writer.write(response(answer([{"type": "text", "text": call.letter}])))
    await writer.drain()


async def _events(call: Call, writer: Writer) -> None:
    """Send the response in the streaming format."""
    whole = orjson.loads(answer(call.letter))
    choice = {"index": 0, "delta": {"content": call.letter}, "finish_reason": "stop"}
    events = [{"choices": [choice]}, {"choices": [], "usage": whole["usage"]}]
    body = b"".join(b"data: %b\n\n" % orjson.dumps(event) for event in events) + b"data: [DONE]\n\n"
    writer.write(response(body, kind="text/event-stream"))
    await writer.drain()


HARMLESS: dict[str, Callable[[Call, Writer], Awaitable[None]]] = {
    "slow drip": _dripping,
    "sent twice": _twice,
    "half a character": _half,
    "content in parts": _parts,
    "an event stream": _events,
}
"""Unusual ways to send the right answer."""


class FaultyServer:
    """Server that answers with a letter derived from the request, or with the fault that `fault` names.

    Attributes:
        fault: Function from a call to the name of a fault; None answers the call.
        answered: Number of complete answers per request.
        attempts: Number of attempts per request.
        faults: Number of calls per fault.
    """

    def __init__(self) -> None:
        self.fault: Callable[[Call], str | None] = lambda call: None
        self.answered: Counter[bytes] = Counter()
        self.attempts: Counter[bytes] = Counter()
        self.faults: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(10)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
                )
                body = await reader.readexactly(length)
                if not body:
                    writer.write(response(b'{"data": [{"id": "m"}]}'))
                else:
                    await self._answer(body, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, body: bytes, writer: Writer) -> None:
        call = Call(orjson.loads(body), self.attempts[body], "ABC"[hashlib.sha256(body).digest()[0] % 3])
        self.attempts[body] += 1
        name = self.fault(call)
        if name is not None:
            self.faults[name] += 1
        if name in TRANSIENT:
            await TRANSIENT[name](call, writer)
            return
        self.answered[body] += 1
        await HARMLESS[name](call, writer) if name else writer.write(response(answer(call.letter)))
