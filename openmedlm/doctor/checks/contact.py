"""Contact: address, key, model, endpoints."""

import re

from openmedlm.doctor.finding import Finding, refusal, unknown
from openmedlm.doctor.reply import Reply
from openmedlm.doctor.server import Server
from openmedlm.inference.advice import advise
from openmedlm.inference.errors import EndpointDownError, EndpointError
from openmedlm.programs import TEMPLATES

_OMISSIONS: tuple[tuple[str, ...], ...] = ((), ("temperature",), ("max_tokens",), ("temperature", "max_tokens"))
"""Request fields without which the first question is asked, one set after another, while it is refused."""

_MODEL_ERROR = re.compile(
    r"model[^.]{0,80}(?:not (?:exist|found|available|loaded|registered)|unknown|invalid)"
    r"|(?:unknown|invalid|no such|not found)[^.]{0,20} model|model[_ ]not[_ ]found|invalid model",
    re.IGNORECASE,
)


async def check_reachable(server: Server) -> Finding:
    """Ask the first question, and request the list of models."""
    known, given = server.known, server.endpoint.base_url
    known.first = await _first_answer(server)
    first = known.first
    if not first.ok and (first.status is None or first.status >= 500) and first.cause is None:
        return Finding("no", first.error, fatal=_with_fix(server, "Pass a longer --call-timeout, or check the server"))
    known.models = await server.probe.models()
    address = server.probe.address
    if address is None:
        return Finding("yes", "through litellm")
    added = f", /v1 added to {given}" if given is not None and address != given else ""
    return Finding("yes", f"{address}{added}")


async def check_key(server: Server) -> Finding:
    """Judge the key by the first question: a key that may not list models may still complete."""
    first, has_key = server.known.first, bool(server.endpoint.api_key)
    if first.cause == "key" or first.status == 403:
        return Finding("no", first.error, fatal=_with_fix(server, "Correct --api-key"))
    if not first.ok:
        return unknown(first.error)
    return Finding("yes", "accepted" if has_key and not server.endpoint.embedded else "none needed")


async def check_model(server: Server) -> Finding:
    """Check that the server answers for the model, and whether it lists it."""
    known, names, name = server.known, server.known.models.names, server.endpoint.served_name
    listed = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    if not known.first.ok:
        fix = f"The server lists {listed}: pass one with -m" if names and name not in names else "Correct --model"
        if known.first.cause == "loading":
            fix = "Rerun the command once the model is loaded"
        return Finding("no", f"{known.first.error}; listed: {listed or 'none'}", fatal=_with_fix(server, fix))
    if name in names:
        return Finding("yes", "listed")
    return Finding("yes", f"answers, and is not in the list: {listed}" if names else "answers; no list of models")


async def check_chat(server: Server) -> Finding:
    """Check the chat endpoint."""
    if server.chat:
        return Finding("yes", "/chat/completions")
    if server.fixed_template:
        return unknown("not checked with --template plain")
    if not server.endpoint.chat:
        return Finding("no", "a base model", "--template plain", needed=False)
    return Finding("no", server.known.chat.error, "--template plain")


async def check_completions(server: Server) -> Finding:
    """Check the endpoint of text prompts."""
    if not server.chat:
        return Finding("yes", "/completions")
    reply = await server.ask("Question: Which animal can fly?\nA. Horse\nB. Eagle\nAnswer:", max_tokens=8)
    return Finding("yes", "/completions") if reply.ok else refusal(reply)


async def check_context(server: Server) -> Finding:
    """Read the context length from the list of models."""
    length = server.known.models.context_length
    return unknown("the list of models does not name it") if length is None else Finding("yes", f"{length:,} tokens")


async def _first_answer(server: Server) -> Reply:
    """Ask the first question as a chat, then as text, each without the request fields that are refused."""
    plain = TEMPLATES["plain"]
    can_change = server.chat and not server.fixed_template and server.endpoint.text
    first: Reply | None = None
    for template in (server.template, *((plain,) if can_change else ())):
        server.template = template
        for server.omit in _OMISSIONS:
            reply = await server.ask(server.prompts.question())
            if first is None:
                first = server.known.chat = reply
            if reply.ok:
                return reply
            if reply.status not in (400, 422) or reply.cause is not None or _MODEL_ERROR.search(reply.error):
                break
        if not reply.refused or reply.cause is not None:
            break
    server.omit = ()
    assert first is not None, "there is a template, and a set of fields to omit"
    return first


def _with_fix(server: Server, fix: str) -> str:
    """Return the line about a first question without an answer; `fix` applies if the error has none of its own."""
    exception, names = server.known.first.exception, server.known.models.names
    message = str(exception)
    advised = advise(exception, server.endpoint, names) if isinstance(exception, EndpointError) else message
    if isinstance(exception, EndpointDownError) or advised.rstrip(".") != message.rstrip("."):
        return f"{server.endpoint.model}: {advised}"
    return f"{server.endpoint.model}: {message.rstrip('.')}. {fix}."
