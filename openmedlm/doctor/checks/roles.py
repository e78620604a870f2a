"""Roles of chat messages."""

from openmedlm.doctor.finding import Finding, refusal, unknown
from openmedlm.doctor.prompts import EXEMPLARS, UNFINISHED, UNFINISHED_REST, Prompts
from openmedlm.doctor.server import Server
from openmedlm.programs import TEMPLATES

TEXT_ONLY = "needs chat"

MIN_SYSTEM_TOKENS = 8
"""Prompt tokens by which a chat is shorter if the server drops its system message; the message has about 30."""


async def check_system(server: Server) -> Finding:
    """Send the instructions as a system message, and compare the prompt's tokens with those of a user message."""
    if not server.chat:
        return unknown(TEXT_ONLY)
    if server.fixed_template and not server.template.system:
        return unknown("not checked with --template chat-user")
    first, chat = server.known.first, TEMPLATES["chat"]
    reply = await server.ask(Prompts(chat).question())
    if not reply.ok:
        return refusal(reply, "--template chat-user")
    shorter = (first.prompt_tokens or 0) - (reply.prompt_tokens or 0)
    if reply.prompt_tokens and not server.fixed_template and shorter >= MIN_SYSTEM_TOKENS:
        text = f"{reply.prompt_tokens} prompt tokens; as a user message {first.prompt_tokens}"
        return Finding("ignored", text, "--template chat-user")
    server.template = chat
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
