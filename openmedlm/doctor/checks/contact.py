"""Contact: address, key, model, endpoints."""

import re
from collections.abc import Mapping
from typing import Any

from openmedlm.doctor.finding import Finding, refusal, unknown
from openmedlm.doctor.reply import Reply
from openmedlm.doctor.server import Server
from openmedlm.programs import TEMPLATES

_OMISSIONS: tuple[tuple[str, ...], ...] = ((), ("temperature",), ("max_tokens",), ("temperature", "max_tokens"))
"""Request fields without which the first question is asked, one set after another, while it is refused."""

_KEY_ERROR = re.compile(r"api[_ -]?key|authenticat|unauthori[sz]ed|credential", re.IGNORECASE)

_MODEL_ERROR = re.compile(
    r"model[^.]{0,80}(?:not (?:exist|found|available|loaded|registered)|unknown|invalid)"
    r"|(?:unknown|invalid|no such|not found)[^.]{0,20} model|model[_ ]not[_ ]found|invalid model",
    re.IGNORECASE,
)

_FIXES = {
    402: "Raise the quota or budget",
    429: "Rerun the command later, or raise the quota",
    503: "Rerun the command once the model is loaded",
}

_LENGTHS = ("max_model_len", "context_length", "max_context_length", "context_window", "max_input_tokens", "n_ctx")


async def check_reachable(server: Server) -> Finding:
    """Request the list of models, and ask the first question."""
    known, given = server.known, server.endpoint.base_url
    known.models = await server.probe.models()
    known.names = tuple(_entries(known.models.body)) if known.models.status == 200 else ()
    known.first = await _first_answer(server)
    if known.first.status is None or (known.first.status >= 500 and not known.first.ok):
        return Finding("no", known.first.error, fatal=_with_fix(known.first))
    address = server.probe.address
    if address is None:
        return Finding("yes", "through litellm")
    added = f", /v1 added to {given}" if address != given else ""
    return Finding("yes", f"{address}{added}")


async def check_key(server: Server) -> Finding:
    """Judge the key by the first question: a key that may not list models may still complete."""
    first = server.known.first
    if not first.ok and (first.status in (401, 403) or _KEY_ERROR.search(first.error)):
        fix = "Correct --api-key" if server.endpoint.api_key else "Pass --api-key, or set OPENMEDLM_API_KEY"
        return Finding("no", first.error, fatal=f"key refused: {first.error}. {fix}.")
    if first.ok and server.endpoint.api_key and not server.endpoint.embedded:
        return Finding("yes", "accepted")
    return Finding("yes", "none needed") if first.ok else unknown(first.error)


async def check_model(server: Server) -> Finding:
    """Check that the server answers for the model, and whether it lists it."""
    known, name = server.known, server.endpoint.served_name
    listed = ", ".join(known.names[:3]) + (", …" if len(known.names) > 3 else "")
    if not known.first.ok:
        if known.first.status in _FIXES:
            fix = _FIXES[known.first.status]
        elif known.names and name not in known.names:
            fix = f"Pass one that the server lists with -m: {listed}"
        elif known.first.status == 404 or _MODEL_ERROR.search(known.first.error):
            fix = "Correct --model or --api-base"
        else:
            fix = "Check the log of the server"
        message = f"no completion from {server.endpoint.model}: {known.first.error}. {fix}."
        return Finding("no", f"{known.first.error}; listed: {listed or 'none'}", fatal=message)
    if name in known.names:
        return Finding("yes", "listed")
    if known.names:
        return Finding("yes", f"answers, and is not in the list: {listed}")
    reason = "no models in it" if known.models.status == 200 else _status(known.models)
    return Finding("yes", f"answers; no list of models ({reason})")


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
    length = _context_length(_entries(server.known.models.body), server.endpoint.served_name)
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
            if reply.status not in (400, 422) or _KEY_ERROR.search(reply.error) or _MODEL_ERROR.search(reply.error):
                break
        if reply.status is None or reply.status in (401, 403):
            break
    server.omit = ()
    assert first is not None, "there is a template, and a set of fields to omit"
    return first


def _with_fix(reply: Reply) -> str:
    if reply.status is not None:
        return f"the server fails: {reply.error}. {_FIXES.get(reply.status, 'Check its log')}."
    fix = "Check that the server is running" if "connect" in reply.error else "Pass a longer --call-timeout"
    return f"{reply.error}. {fix}."


def _status(reply: Reply) -> str:
    return f"HTTP {reply.status}" if reply.status is not None else "no response"


def _entries(body: Any) -> dict[str, Mapping[str, Any]]:
    """Return the listed models by their names."""
    data = body.get("data") or body.get("models") if isinstance(body, Mapping) else body
    entries = data if isinstance(data, list) else []
    return {str(each["id"]): each for each in entries if isinstance(each, Mapping) and isinstance(each.get("id"), str)}


def _context_length(entries: Mapping[str, Mapping[str, Any]], name: str) -> int | None:
    entry = entries.get(name) or (next(iter(entries.values())) if len(entries) == 1 else {})
    nested = [entry, *(each for each in (entry.get("meta"), entry.get("top_provider")) if isinstance(each, Mapping))]
    lengths = [each.get(field) for each in nested for field in _LENGTHS]
    return next((length for length in lengths if type(length) is int and length > 0), None)
