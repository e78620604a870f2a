"""OpenAI-compatible routes; each request is a question that the program answers."""

import hmac
import logging
import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from aiohttp import web

from openmedlm.data import Question, UserError
from openmedlm.inference import AnyEngine, BudgetExceeded, EndpointDownError
from openmedlm.metrics import Outcome
from openmedlm.programs import PromptProgram
from openmedlm.runs.one_question import find_reasoning
from openmedlm.serving.dspy_prompt import asks_for_json
from openmedlm.serving.reply import ReplyFormat
from openmedlm.serving.request_body import (
    RequestError,
    check_model,
    check_parameters,
    has_started_reply,
    request_text,
    stops_at_line_end,
)
from openmedlm.serving.request_parser import parse_request
from openmedlm.utils.loopback import Handler, only_local
from openmedlm.utils.strict_json import DuplicateKeyError, load_json

MAX_REQUEST_BYTES = 2**22

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
        check_model(request.match_info["name"], served.name)
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
    except RequestError as error:
        return _error(str(error), error.status, error.param, error.code)
    except UserError as error:
        return _error(str(error), 400)
    except web.HTTPException as error:
        return _error(error.text or error.reason, error.status)
    except ConnectionResetError:  # the client has disconnected
        raise
    except Exception as error:
        logging.getLogger(__name__).exception("request failed")
        return _error(f"internal error: {type(error).__name__}", 500)


async def _answer(served: Served, request: web.Request, *, chat: bool) -> web.StreamResponse:
    body = _body(await request.read())
    check_model(body.get("model"), served.name)
    text = request_text(body)
    check_parameters(body, json_reply=asks_for_json(text))
    parsed = parse_request(text)
    reply = parsed.reply
    if has_started_reply(body):
        reply = replace(reply, phrase="", ending="", letter_only=True)
    elif stops_at_line_end(body):
        reply = replace(reply, letter_only=True)
    try:
        (outcome,) = await served.engine.run(served.program, [parsed.question])
    except (EndpointDownError, UserError, BudgetExceeded) as error:
        return _error(str(error), 502)
    if outcome.error is not None:
        return _error(outcome.error, 400 if _CLIENT_ERROR.match(outcome.error) else 502)
    completion = _completion(served.name, _reply(served, parsed.question, reply, outcome), outcome, chat=chat)
    if body.get("stream"):
        with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        return await _stream(request, _chunks(completion, with_usage))
    return _json(completion)


def _body(content: bytes) -> dict[str, Any]:
    try:
        body = load_json(content)
    except DuplicateKeyError as error:
        raise RequestError(f"{error} of the request body. Give each key once.") from None
    except (ValueError, RecursionError) as error:
        raise RequestError(f"the request body is not JSON: {error}. Send a JSON object in UTF-8.") from None
    if not isinstance(body, dict):
        raise RequestError("the request body is not a JSON object. Send one as OpenAI's API describes.")
    return body


def _reply(served: Served, question: Question, form: ReplyFormat, outcome: Outcome) -> str:
    """Return the reply as a model would write it: the reasoning of a vote for the answer, then the answer."""
    if outcome.answer is None:
        return "No answer found."
    reasoned = served.program.reasoning and not served.letter_only
    reasoning = find_reasoning(question, outcome) if reasoned else None
    return form.write(outcome.answer, reasoning, reasoned=reasoned)


def _bytes(text: str) -> bytes:
    """Encode a header, which may hold bytes that are not UTF-8."""
    return text.encode(errors="surrogateescape")


def _completion(name: str, text: str, outcome: Outcome, *, chat: bool) -> dict[str, Any]:
    """Return a response; the field `openmedlm` holds votes and exemplars."""
    message = {"role": "assistant", "content": text}
    choice: dict[str, Any] = {"message": message} if chat else {"text": text, "logprobs": None}
    prompt_tokens = sum(vote.prompt_tokens for vote in outcome.votes)
    completion_tokens = sum(vote.completion_tokens for vote in outcome.votes)
    return {
        "id": f"openmedlm-{uuid.uuid4().hex}",
        "object": "chat.completion" if chat else "text_completion",
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


def _chunks(completion: dict[str, Any], with_usage: bool) -> list[dict[str, Any]]:
    """Return the chunks of a stream: the reply, its end, and the usage if the client requests it."""
    (choice,) = completion["choices"]
    usage = completion["usage"]
    base = {name: value for name, value in completion.items() if name != "usage"}
    chat = "message" in choice
    if chat:
        base["object"] = "chat.completion.chunk"
    empty: dict[str, Any] = {"delta": {}} if chat else {"text": "", "logprobs": None}
    parts = [{"delta": choice["message"]} if chat else {"text": choice["text"], "logprobs": None}, empty]
    chunks = [
        {**base, "choices": [{"index": 0, "finish_reason": reason, **part}]}
        for part, reason in zip(parts, (None, choice["finish_reason"]), strict=True)
    ]
    if not with_usage:
        return chunks
    return [*({**chunk, "usage": None} for chunk in chunks), {**base, "choices": [], "usage": usage}]


async def _stream(request: web.Request, chunks: Sequence[dict[str, Any]]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    events = (b"data: " + content + b"\n\n" for content in [*map(orjson.dumps, chunks), b"[DONE]"])
    await response.write(b"".join(events))
    await response.write_eof()
    return response


def _error(message: str, status: int, param: str | None = None, code: str | None = None) -> web.Response:
    kind = "authentication_error" if status == 401 else "invalid_request_error" if status < 500 else "api_error"
    return _json({"error": {"message": message, "type": kind, "param": param, "code": code}}, status)


def _json(content: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")
