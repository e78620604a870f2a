"""Roles of chat messages."""

from openmedlm.doctor.finding import Finding, refusal, unknown
from openmedlm.doctor.prompts import EXEMPLARS, UNFINISHED, UNFINISHED_REST, Prompts
from openmedlm.doctor.server import Server
from openmedlm.programs import TEMPLATES

TEXT_ONLY = "needs chat"

SYSTEM_REPEATS = 4
"""Times that the second system message holds the first; a server that drops it counts equal prompt tokens."""


async def check_system(server: Server) -> Finding:
    """Send the instructions as a system message, and a longer one, whose tokens the prompt must have, too."""
    if not server.chat:
        return unknown(TEXT_ONLY)
    if server.fixed_template and not server.template.system:
        return unknown("not checked with --template chat-user")
    messages = Prompts(TEMPLATES["chat"]).question()
    reply = await server.ask(messages)
    if not reply.ok:
        return refusal(reply, "--template chat-user")
    if not server.fixed_template and reply.prompt_tokens and not isinstance(messages, str):
        system = {**messages[0], "content": " ".join([messages[0]["content"]] * SYSTEM_REPEATS)}
        longer = await server.ask((system, *messages[1:]), max_tokens=1)
        if longer.prompt_tokens == reply.prompt_tokens:
            text = f"{longer.prompt_tokens} prompt tokens, however long it is"
            return Finding("ignored", text, "--template chat-user")
    server.template = TEMPLATES["chat"]
    return Finding("yes", "accepted")


async def check_turns(server: Server) -> Finding:
    """Send two exemplars before the question, as turns of user and assistant."""
    reply = await server.ask(server.prompts.question(EXEMPLARS))
    if reply.ok:
        return Finding("yes", f"two exemplars, then {reply.answer[:20] or 'no text'!r}")
    return refusal(reply, "--strategies zero-shot,cot")


async def check_continued(server: Server) -> Finding:
    """Ask the server to continue an answer that breaks off inside a word."""
    if not server.chat:
        return unknown(TEXT_ONLY)
    question, start = UNFINISHED
    prompt = ({"role": "user", "content": question}, {"role": "assistant", "content": start})
    reply = await server.ask(prompt, max_tokens=8, continued=True)
    if not reply.ok:
        return refusal(reply)
    text = reply.answer
    if text.startswith(UNFINISHED_REST) or text.startswith(start + UNFINISHED_REST):
        return Finding("yes", f"{start[-3:]}… goes on with {text[:12]!r}")
    other = await server.ask(prompt, max_tokens=1)
    if reply.prompt_tokens and other.prompt_tokens and reply.prompt_tokens < other.prompt_tokens:
        return Finding("yes", f"{reply.prompt_tokens} prompt tokens, {other.prompt_tokens} without continuation")
    return Finding("ignored", f"{start[-3:]}… goes on with {text[:12]!r}")
