"""Thinking: whether the model thinks, and what the server lets a request decide about it."""

import shlex
from dataclasses import replace

import orjson

from openmedlm.doctor.finding import Finding, refusal, unknown
from openmedlm.doctor.reply import Reply
from openmedlm.doctor.server import LONG_TOKENS, Server
from openmedlm.programs.sampling_params import Thinking
from openmedlm.programs.thinking_fields import ThinkingFields, thinking_fields

_KINDS: tuple[ThinkingFields, ...] = ("chat_template", "effort", "both")

_NO_THOUGHTS = "the model shows no thoughts"

LEVEL_FACTOR = 1.25
"""Factor between the tokens of the lowest and the highest level from which the levels count as different."""


async def check_thinking(server: Server) -> Finding:
    """Look for thoughts in the first answer, and in a longer one if the first is cut off or shows some."""
    known, first = server.known, server.known.first
    known.thoughts = first
    if first.mark is not None or first.cut_off or not first.answer:
        longer = await server.ask(server.prompts.question(), max_tokens=LONG_TOKENS)
        if longer.ok or first.mark is None:
            known.thoughts = longer
    thoughts = known.thoughts
    mark = thoughts.mark or first.mark
    known.thinks = mark is not None
    if not known.thinks:
        return Finding("no", f"{_NO_THOUGHTS} in {_length(thoughts)}") if thoughts.ok else unknown(thoughts.error)
    reported = thoughts.thought_tokens
    tokens = "no reasoning_tokens" if reported is None else f"{reported:,} reasoning_tokens"
    parts = [mark, _length(thoughts), tokens, "" if _answers(thoughts) else "no answer after them"]
    return Finding("yes", ", ".join(filter(None, parts)))


async def check_off(server: Server) -> Finding:
    """Ask the question with thinking off, in each form that servers understand."""
    known = server.known
    if not known.thinks:
        return unknown(_NO_THOUGHTS)
    if not server.chat:
        return unknown("needs chat")
    own = server.endpoint.thinking_fields
    last: Reply | None = None
    for kind in dict.fromkeys((own, *_KINDS)):
        endpoint, server.endpoint = server.endpoint, replace(server.endpoint, thinking_fields=kind)
        reply = await server.ask(server.prompts.question(), thinking="off")
        if reply.ok and reply.mark is None and reply.answer:
            known.quiet = "off"
            option = "--thinking off"
            if kind != own:
                option = f"--extra-body {shlex.quote(orjson.dumps(thinking_fields('off', kind)).decode())}"
            return Finding(
                "yes", f"no thoughts, then {reply.answer[:20]!r}", option, needed=not _answers(known.thoughts)
            )
        server.endpoint = endpoint
        last = reply if last is None or reply.ok else last
    assert last is not None, "there is at least one kind"
    return refusal(last) if not last.ok else Finding("ignored", f"still thinks: {last.mark or 'no answer'}")


async def check_levels(server: Server) -> Finding:
    """Compare the tokens of the lowest and the highest level."""
    if not server.known.thinks:
        return unknown(_NO_THOUGHTS)
    if not server.chat:
        return unknown("needs chat")
    if not _answers(server.known.thoughts):
        return unknown("the thoughts do not end in time")
    counts = []
    levels: tuple[Thinking, Thinking] = ("low", "high")
    for level in levels:
        reply = await server.ask(server.prompts.question(), max_tokens=LONG_TOKENS, thinking=level)
        if not reply.ok:
            return refusal(reply)
        counts.append(_tokens(reply))
    low, high = counts
    text = f"low {low:,}, high {high:,} tokens"
    if high >= LEVEL_FACTOR * low:
        return Finding("yes", text, "--thinking low", needed=False)
    return Finding("ignored", text)


def _answers(reply: Reply) -> bool:
    """Return whether an answer follows the thoughts."""
    return reply.ok and bool(reply.answer) and not reply.cut_off


def _tokens(reply: Reply) -> int:
    """Return the tokens of the thoughts, or those of the completion, or its words if the server counts neither."""
    return reply.thought_tokens or reply.completion_tokens or len(reply.texts[0].split())


def _length(reply: Reply) -> str:
    if reply.cut_off:
        return f"not ended after {reply.limit:,} tokens"
    return f"{_tokens(reply):,} tokens" if reply.ok else reply.error
