"""The endpoint: OpenAI's routes, each request a question that the program answers."""

import hmac
import time
import uuid
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from data import BadInput
from metrics import Outcome
from openmedlm.loopback import Handler, only_local
from openmedlm.serving.reading import asked_in, question_in
from programs import PromptProgram
from programs.closing import split_closing
from programs.engine import AnyEngine, BudgetSpent, EndpointDownError

LARGEST_REQUEST = 2**22
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Served:
    """What is served.

    Attributes:
        name: of the program, as a model.
        program: what answers.
        engine: what it is run by.
        letter_only: whether an answer is its bare letter, even where the program reasons.
        key: that a request has to bring; None asks for none.
    """

    name: str
    program: PromptProgram
    engine: AnyEngine
    letter_only: bool
    key: str | None = None


def application(served: Served) -> web.Application:
    """`/v1/models`, `/v1/chat/completions` and `/v1/completions`."""
    began = int(time.time())

    async def models(_: web.Request) -> web.Response:
        model = {"id": served.name, "object": "model", "created": began, "owned_by": "openmedlm"}
        return _json({"object": "list", "data": [model]})

    async def chat(request: web.Request) -> web.StreamResponse:
        return await _answered(served, request, chat=True)

    async def complete(request: web.Request) -> web.StreamResponse:
        return await _answered(served, request, chat=False)

    @web.middleware
    async def keyed(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if served.key is not None and not hmac.compare_digest(given.encode(), served.key.encode()):
            return _refused("a wrong key, or none", 401)
        return await handler(request)

    app = web.Application(middlewares=[only_local, keyed], client_max_size=LARGEST_REQUEST)
    app.add_routes(
        [
            web.get("/v1/models", models),
            web.post("/v1/chat/completions", chat),
            web.post("/v1/completions", complete),
        ]
    )
    return app


async def _answered(served: Served, request: web.Request, *, chat: bool) -> web.StreamResponse:
    try:
        body = orjson.loads(await request.read())
        if not isinstance(body, dict):
            raise BadInput("the request is not a JSON object")
        if body.get("n") not in (None, 1):
            raise BadInput("n: the program has votes of its own, and one answer; leave n out")
        question = question_in(asked_in(body))
    except orjson.JSONDecodeError as error:
        return _refused(f"not JSON ({error})", 400)
    except BadInput as error:
        return _refused(str(error), 400)
    try:
        (outcome,) = await served.engine.run(served.program, [question])
    except (EndpointDownError, BadInput, BudgetSpent) as error:
        return _refused(str(error), 502)
    if outcome.error is not None:
        return _refused(outcome.error, 502)
    text = _said(served, outcome)
    if body.get("stream"):
        return await _streamed(request, _completion(served.name, text, outcome, chat=chat, piece=True))
    return _json(_completion(served.name, text, outcome, chat=chat))


def _said(served: Served, outcome: Outcome) -> str:
    """What a model would have written: the reasoning of the first vote for the answer, and the answer."""
    if outcome.answer is None:
        return "No answer can be read."
    if served.letter_only or not served.program.reasoning:
        return outcome.answer
    vote = next(vote for vote in outcome.votes if vote.letter == outcome.answer)
    return f"{split_closing(vote.text)[0]}\n\nAnswer: {outcome.answer}"


def _completion(name: str, text: str, outcome: Outcome, *, chat: bool, piece: bool = False) -> dict[str, Any]:
    """A response, or the one piece of a stream; what the program did stands in a field of its own."""
    kind = ("chat.completion.chunk" if piece else "chat.completion") if chat else "text_completion"
    said = {"role": "assistant", "content": text}
    choice: dict[str, Any] = {"delta" if piece else "message": said} if chat else {"text": text, "logprobs": None}
    prompt = sum(vote.prompt_tokens for vote in outcome.votes)
    written = sum(vote.completion_tokens for vote in outcome.votes)
    return {
        "id": f"openmedlm-{uuid.uuid4().hex}",
        "object": kind,
        "created": int(time.time()),
        "model": name,
        "choices": [{"index": 0, "finish_reason": "stop", **choice}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written},
        "openmedlm": {
            "answer": outcome.answer,
            "votes": [vote.letter for vote in outcome.votes],
            "exemplars": list(outcome.exemplars),
        },
    }


async def _streamed(request: web.Request, piece: dict[str, Any]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    await response.write(b"data: " + orjson.dumps(piece) + b"\n\ndata: [DONE]\n\n")
    await response.write_eof()
    return response


def _refused(reason: str, status: int) -> web.Response:
    kind = {400: "invalid_request_error", 401: "authentication_error"}.get(status, "api_error")
    return _json({"error": {"message": reason, "type": kind, "param": None, "code": None}}, status)


def _json(content: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")
