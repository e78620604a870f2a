"""Letters: log-probabilities of the first token, and constrained answers."""

import math
from typing import Any

import orjson

from openmedlm.doctor.finding import Finding, refusal, unknown
from openmedlm.doctor.prompts import QUESTION
from openmedlm.doctor.reply import Reply
from openmedlm.doctor.server import LONG_TOKENS, Server
from openmedlm.inference.endpoint import Constraint
from openmedlm.inference.sampling import CONSTRAINED_MAX_TOKENS

ZEBRA = "Zebra"
"""Constrained answer that is no option, so that no model gives it on its own."""

TOP_LOGPROBS = (20, 5)
"""Numbers of candidates that are asked for; the second if the server refuses the first."""


async def check_logprobs(server: Server) -> Finding:
    """Ask for the log-probabilities of the first token, and add up those of the option letters."""
    reply = server.known.first
    for count in TOP_LOGPROBS:
        fields: dict[str, Any] = {"logprobs": True, "top_logprobs": count} if server.chat else {"logprobs": count}
        reply = await server.ask(server.prompts.question(), max_tokens=1, **fields)
        if reply.ok or not reply.refused:
            break
    if not reply.ok:
        return refusal(reply)
    tokens = reply.first_tokens
    if not tokens:
        return Finding("ignored", "no log-probabilities in the response")
    mass = sum(math.exp(logprob) for token, logprob in tokens.items() if token.strip() in QUESTION.options)
    return Finding("yes", f"{len(tokens)} candidates; letters hold {mass:.2f} of the first token")


async def check_structured_outputs(server: Server) -> Finding:
    """Constrain the answer as vLLM does it."""
    return await _check_constraint(server, "structured_outputs")


async def check_json_schema(server: Server) -> Finding:
    """Constrain the answer by the JSON schema of `response_format`."""
    return await _check_constraint(server, "json_schema")


async def check_grammar(server: Server) -> Finding:
    """Constrain the answer by a grammar, as llama.cpp does it."""
    return await _check_constraint(server, "grammar")


async def check_after_thoughts(server: Server) -> Finding:
    """Constrain the answer of a model that thinks, without turning its thinking off."""
    if not server.known.thinks:
        return unknown("the model shows no thoughts")
    constraint = server.endpoint.constraint or "json_schema"
    reply = await server.ask(
        server.prompts.question(), max_tokens=LONG_TOKENS, choices=(ZEBRA,), constraint=constraint, thinking="default"
    )
    if not reply.ok:
        return refusal(reply)
    if not _is_zebra(reply):
        return Finding("no", f"{constraint} does not bind while the model thinks")
    if reply.mark is None:
        return Finding("yes", f"{constraint} binds at once, and there are no thoughts")
    return Finding("yes", f"{constraint} binds after the thoughts")


async def _check_constraint(server: Server, constraint: Constraint) -> Finding:
    """Require an answer that is no option; a server that only accepts the field answers with a letter."""
    own = server.endpoint.constraint == constraint
    used_by_default = own and constraint != "json_schema"
    resample = "--on-unparsed resample" if used_by_default else ""
    reply = await server.ask(
        server.prompts.question(), max_tokens=2 * CONSTRAINED_MAX_TOKENS, choices=(ZEBRA,), constraint=constraint
    )
    if not reply.ok:
        return refusal(reply, resample)
    if not _is_zebra(reply):
        return Finding("ignored", f"asked for {ZEBRA}, got {_shown(reply)}", resample)
    option = "--on-unparsed constrain" if own and not used_by_default else ""
    return Finding("yes", f"binds: {_shown(reply)}", option, needed=False)


def _is_zebra(reply: Reply) -> bool:
    text = reply.answer
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text == ZEBRA
    return bool(value in (ZEBRA, {"answer": ZEBRA}))


def _shown(reply: Reply) -> str:
    if reply.answer:
        return repr(reply.answer[:24])
    return f"only thoughts ({reply.mark})" if reply.mark else "no text"
