"""The endpoint: OpenAI's routes, each request a question that the program answers."""

import hmac
import logging
import re
import time
import uuid
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson
from aiohttp import web

from openmedlm.data import Question, UserError
from openmedlm.inference import AnyEngine, BudgetExceeded, EndpointDownError
from openmedlm.metrics import Outcome, Vote
from openmedlm.programs import PromptProgram
from openmedlm.programs.final_answer import split_closing
from openmedlm.programs.letter_references import letter_references
from openmedlm.programs.option_order import relabel, reorder
from openmedlm.serving.request_parser import asked_in, question_in
from openmedlm.utils.loopback import Handler, only_local

LARGEST_REQUEST = 2**22
"""Bytes."""

_SINGLE = {
    "n": (None, 1),
    "best_of": (None, 1),
    "echo": (None, False),
    "logprobs": (None, False),
    "top_logprobs": (None, 0),
}
"""What asks for more than one answer, or for what a program does not have; and the values that do not."""

_REQUESTS_FAULT = re.compile(r"HTTP 4(?:00|13|22)\b")
"""Statuses by which an endpoint says that it will never take this."""


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
    described = {"id": served.name, "object": "model", "created": int(time.time()), "owned_by": "openmedlm"}

    async def models(_: web.Request) -> web.Response:
        return _json({"object": "list", "data": [described]})

    async def chat(request: web.Request) -> web.StreamResponse:
        return await _answered(served, request, chat=True)

    async def complete(request: web.Request) -> web.StreamResponse:
        return await _answered(served, request, chat=False)

    async def model(request: web.Request) -> web.Response:
        if request.match_info["name"] != served.name:
            return _refused(f"there is no such model; this is {served.name}", 404)
        return _json(described)

    @web.middleware
    async def keyed(request: web.Request, handler: Handler) -> web.StreamResponse:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        right = scheme.lower() == "bearer" and hmac.compare_digest(_bytes(given), _bytes(served.key or ""))
        return await handler(request) if served.key is None or right else _refused("a wrong key, or none", 401)

    app = web.Application(middlewares=[_in_json, only_local, keyed], client_max_size=LARGEST_REQUEST)
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
async def _in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every failure in the form that OpenAI's clients read."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _refused(error.text or error.reason, error.status)
    except ConnectionResetError:  # whoever asked is gone
        raise
    except Exception as error:
        logging.getLogger(__name__).exception("a request failed")
        return _refused(f"a fault of the program ({type(error).__name__})", 500)


async def _answered(served: Served, request: web.Request, *, chat: bool) -> web.StreamResponse:
    try:
        body = orjson.loads(await request.read())
        if not isinstance(body, dict):
            raise UserError("the request is not a JSON object")
        for name, harmless in _SINGLE.items():
            if body.get(name) not in harmless:
                raise UserError(f"{name}: the program has votes of its own, and one answer; leave it out")
        question = question_in(asked_in(body))
    except orjson.JSONDecodeError as error:
        return _refused(f"not JSON ({error})", 400)
    except UserError as error:
        return _refused(str(error), 400)
    try:
        (outcome,) = await served.engine.run(served.program, [question])
    except (EndpointDownError, UserError, BudgetExceeded) as error:
        return _refused(str(error), 502)
    if outcome.error is not None:
        return _refused(outcome.error, 400 if _REQUESTS_FAULT.match(outcome.error) else 502)
    text = _said(served, question, outcome)
    if body.get("stream"):
        return await _streamed(request, _completion(served.name, text, outcome, chat=chat, piece=True))
    return _json(_completion(served.name, text, outcome, chat=chat))


def _said(served: Served, question: Question, outcome: Outcome) -> str:
    """What a model would have written: the reasoning of a vote for the answer, and the answer."""
    if outcome.answer is None:
        return "No answer can be read."
    if served.letter_only or not served.program.reasoning:
        return outcome.answer
    deciding = (vote for vote in outcome.votes if vote.letter == outcome.answer)
    told = (reasoning for vote in deciding if (reasoning := _reasoning(question, vote)) is not None)
    return "\n\n".join([*islice(told, 1), f"Answer: {outcome.answer}"])


def _reasoning(question: Question, vote: Vote) -> str | None:
    """What a vote reasoned, with the letters of the options as they were asked; None where they can't be told."""
    shown = reorder(question, vote.order)
    reasoning, _ = split_closing(vote.text, shown.options)
    if shown is question:
        return reasoning
    references = letter_references(reasoning, shown)
    own = dict(zip(shown.options, vote.order, strict=True))
    return None if references is None else relabel(reasoning, references, own)


def _bytes(text: str) -> bytes:
    """Of a header, whatever it held."""
    return text.encode(errors="surrogateescape")


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
    kind = "authentication_error" if status == 401 else "invalid_request_error" if status < 500 else "api_error"
    return _json({"error": {"message": reason, "type": kind, "param": None, "code": None}}, status)


def _json(content: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")
