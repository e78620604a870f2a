"""OpenAI-compatible routes; each request is a question that the program answers."""

import hmac
import logging
import re
import time
import uuid
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from openmedlm.data import Question, UserError
from openmedlm.inference import AnyEngine, BudgetExceeded, EndpointDownError
from openmedlm.metrics import Outcome
from openmedlm.programs import PromptProgram
from openmedlm.runs.one_question import find_reasoning
from openmedlm.serving.request_parser import parse_question, request_text
from openmedlm.utils.loopback import Handler, only_local

MAX_REQUEST_BYTES = 2**22

_SINGLE_ANSWER = {
    "n": (None, 1),
    "best_of": (None, 1),
    "echo": (None, False),
    "logprobs": (None, False),
    "top_logprobs": (None, 0),
}
"""Parameters that request several answers or token data, with their accepted values."""

_CLIENT_ERROR = re.compile(r"HTTP 4(?:00|13|22)\b")
"""Statuses with which the model's endpoint refuses a request for good."""


@dataclass(frozen=True, slots=True)
class Served:
    """Program and the settings of its server.

    Attributes:
        name: Model name that clients use.
        program: Program that answers.
        engine: Engine that runs the program.
        letter_only: True to reply with the letter only, without the reasoning.
        key: API key that requests must send; None accepts any request.
    """

    name: str
    program: PromptProgram
    engine: AnyEngine
    letter_only: bool
    key: str | None = None


def application(served: Served) -> web.Application:
    """Build the routes `/v1/models`, `/v1/chat/completions` and `/v1/completions`."""
    model_card = {"id": served.name, "object": "model", "created": int(time.time()), "owned_by": "openmedlm"}

    async def models(_: web.Request) -> web.Response:
        return _json({"object": "list", "data": [model_card]})

    async def chat(request: web.Request) -> web.StreamResponse:
        return await _answer(served, request, chat=True)

    async def complete(request: web.Request) -> web.StreamResponse:
        return await _answer(served, request, chat=False)

    async def model(request: web.Request) -> web.Response:
        if request.match_info["name"] != served.name:
            return _error(f"unknown model: {request.match_info['name']}. The served model is {served.name}.", 404)
        return _json(model_card)

    @web.middleware
    async def check_key(request: web.Request, handler: Handler) -> web.StreamResponse:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        valid = scheme.lower() == "bearer" and hmac.compare_digest(_bytes(given), _bytes(served.key or ""))
        return (
            await handler(request)
            if served.key is None or valid
            else _error("wrong or missing API key. Send the key of serve --key as a bearer token.", 401)
        )

    app = web.Application(middlewares=[_errors_as_json, only_local, check_key], client_max_size=MAX_REQUEST_BYTES)
    app.add_routes(
        [
            web.get("/v1/models", models),
            web.get("/v1/models/{name}", model),
            web.post("/v1/chat/completions", chat),
            web.post("/v1/completions", complete),
        ]
    )
    return app


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Report every failure in OpenAI's error format."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _error(error.text or error.reason, error.status)
    except ConnectionResetError:  # the client has disconnected
        raise
    except Exception as error:
        logging.getLogger(__name__).exception("request failed")
        return _error(f"internal error: {type(error).__name__}", 500)


async def _answer(served: Served, request: web.Request, *, chat: bool) -> web.StreamResponse:
    try:
        body = orjson.loads(await request.read())
        if not isinstance(body, dict):
            raise UserError("the request body is not a JSON object. Send one as OpenAI's API describes.")
        for name, accepted in _SINGLE_ANSWER.items():
            if body.get(name) not in accepted:
                raise UserError(f"unsupported parameter: {name}. A program gives one answer; leave the parameter out.")
        question = parse_question(request_text(body))
    except orjson.JSONDecodeError as error:
        return _error(f"the request body is not JSON: {error}", 400)
    except UserError as error:
        return _error(str(error), 400)
    try:
        (outcome,) = await served.engine.run(served.program, [question])
    except (EndpointDownError, UserError, BudgetExceeded) as error:
        return _error(str(error), 502)
    if outcome.error is not None:
        return _error(outcome.error, 400 if _CLIENT_ERROR.match(outcome.error) else 502)
    text = _reply(served, question, outcome)
    if body.get("stream"):
        return await _stream(request, _completion(served.name, text, outcome, chat=chat, chunk=True))
    return _json(_completion(served.name, text, outcome, chat=chat))


def _reply(served: Served, question: Question, outcome: Outcome) -> str:
    """Return the reply as a model would write it: the reasoning of a vote for the answer, then the answer."""
    if outcome.answer is None:
        return "No answer found."
    if served.letter_only or not served.program.reasoning:
        return outcome.answer
    reasoning = find_reasoning(question, outcome)
    return "\n\n".join([*([reasoning] if reasoning is not None else []), f"Answer: {outcome.answer}"])


def _bytes(text: str) -> bytes:
    """Encode a header, which may hold bytes that are not UTF-8."""
    return text.encode(errors="surrogateescape")


def _completion(name: str, text: str, outcome: Outcome, *, chat: bool, chunk: bool = False) -> dict[str, Any]:
    """Return a response, or the only chunk of a stream; the field `openmedlm` holds votes and exemplars."""
    kind = ("chat.completion.chunk" if chunk else "chat.completion") if chat else "text_completion"
    message = {"role": "assistant", "content": text}
    choice: dict[str, Any] = {"delta" if chunk else "message": message} if chat else {"text": text, "logprobs": None}
    prompt_tokens = sum(vote.prompt_tokens for vote in outcome.votes)
    completion_tokens = sum(vote.completion_tokens for vote in outcome.votes)
    return {
        "id": f"openmedlm-{uuid.uuid4().hex}",
        "object": kind,
        "created": int(time.time()),
        "model": name,
        "choices": [{"index": 0, "finish_reason": "stop", **choice}],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
        "openmedlm": {
            "answer": outcome.answer,
            "votes": [vote.letter for vote in outcome.votes],
            "exemplars": list(outcome.exemplars),
        },
    }


async def _stream(request: web.Request, chunk: dict[str, Any]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    await response.write(b"data: " + orjson.dumps(chunk) + b"\n\ndata: [DONE]\n\n")
    await response.write_eof()
    return response


def _error(message: str, status: int) -> web.Response:
    kind = "authentication_error" if status == 401 else "invalid_request_error" if status < 500 else "api_error"
    return _json({"error": {"message": message, "type": kind, "param": None, "code": None}}, status)


def _json(content: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")
