"""Fake OpenAI-compatible endpoint with a fixed latency, in its own process.

    python benchmarks/endpoint.py [--port 0] [--latency-ms 0] [--choices]

Prints its address. The answer depends on the prompt alone: a line of reasoning and a letter, without meaning.
`GET /calls` returns the number of requests and completions.
"""

import argparse
import asyncio
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
from aiohttp import web

REASONING = "The findings point to one mechanism, and only one of the options fits it."


class Endpoint:
    """Request handler that returns completions.

    Args:
        latency: Seconds between a request and its response.
        choices: Whether `n` is supported; without it, each response has one completion.
    """

    def __init__(self, latency: float, choices: bool) -> None:
        self._latency = latency
        self._choices = choices
        self.requests = 0
        self.calls = 0
        self.in_flight = 0
        self.most_in_flight = 0

    async def answer(self, request: web.BaseRequest) -> web.Response:
        if request.method == "GET":
            if request.path.endswith("/models"):
                return _json({"data": [{"id": "m"}]})
            return _json({"requests": self.requests, "calls": self.calls, "most_in_flight": self.most_in_flight})
        body = await request.read()
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        if self._latency:
            await asyncio.sleep(self._latency)
        self.in_flight -= 1
        count = orjson.loads(body).get("n", 1) if self._choices and b'"n":' in body else 1
        self.requests += 1
        self.calls += count
        digest = zlib.crc32(body)
        letters = ["ABCD"[(digest >> 2 * n) & 3] for n in range(count)]
        chat = request.path.endswith("/chat/completions")
        return _json(
            {
                "id": "x",
                "object": "chat.completion" if chat else "text_completion",
                "created": 0,
                "model": "m",
                "choices": [
                    _choice(n, _completion(letter, b"[[ ## " in body), chat) for n, letter in enumerate(letters)
                ],
                "usage": {
                    "prompt_tokens": len(body) // 4,
                    "completion_tokens": 20 * count,
                    "total_tokens": len(body) // 4 + 20 * count,
                },
            }
        )


def _completion(letter: str, fields: bool) -> str:
    """Return reasoning and answer as lines, or as the fields that DSPy's adapter parses."""
    if fields:
        return f"[[ ## reasoning ## ]]\n{REASONING}\n\n[[ ## answer ## ]]\n{letter}\n\n[[ ## completed ## ]]"
    return f"{REASONING}\n\nAnswer: {letter}"


def _choice(index: int, text: str, chat: bool) -> dict[str, object]:
    content = {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
    return {"index": index, "finish_reason": "stop", **content}


def _json(value: object) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")


async def serve(port: int, endpoint: Endpoint) -> None:
    """Serve until the process ends."""
    runner = web.ServerRunner(web.Server(endpoint.answer, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=2048)
    await site.start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/v1", flush=True)
    await asyncio.Event().wait()


@contextmanager
def running(latency_ms: float = 0, *, choices: bool = False) -> Iterator[str]:
    """Run an endpoint in its own process, and yield its address."""
    command = [
        sys.executable,
        str(Path(__file__)),
        "--latency-ms",
        str(latency_ms),
        *(["--choices"] if choices else []),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--choices", action="store_true")
    options = parser.parse_args()
    asyncio.run(serve(options.port, Endpoint(options.latency_ms / 1000, options.choices)))


if __name__ == "__main__":
    main()
