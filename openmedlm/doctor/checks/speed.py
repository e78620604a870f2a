"""Token counts, prefix cache and speed."""

from openmedlm.doctor.finding import Finding, unknown
from openmedlm.doctor.prompts import LINE_TOKENS, MAX_LINES, MIN_LINES
from openmedlm.doctor.reply import Reply
from openmedlm.doctor.server import Server

LONG_SECONDS = 15.0
"""Seconds that a slow server may take for the long prompt."""


async def check_usage(server: Server) -> Finding:
    """Read the token counts of the first answer."""
    first = server.known.first
    if first.prompt_tokens is None or first.completion_tokens is None:
        return Finding("no", "no token counts: those of the results are 0")
    return Finding("yes", f"{first.prompt_tokens} prompt and {first.completion_tokens} completion tokens")


async def check_prefix_cache(server: Server) -> Finding:
    """Send a long prompt twice, and read how many tokens of the second came from the cache."""
    prompt = server.prompts.long(server.nonce, _lines(server.known.first))
    server.known.long = await server.ask(prompt, max_tokens=1)
    again = await server.ask(prompt, max_tokens=1)
    before = server.known.long
    if not before.ok or not again.ok:
        return unknown(before.error or again.error)
    seconds = f"{before.seconds:.2f} s, then {again.seconds:.2f} s"
    cached, total = again.cached_tokens, again.prompt_tokens or 0
    if cached is None:
        return unknown(f"cached_tokens not reported; {seconds}")
    return Finding("yes" if cached else "no", f"{cached:,} of {total:,} tokens cached; {seconds}")


async def check_rate_limit(server: Server) -> Finding:
    """Report whether the server refused a request for its rate, and how long it asked to wait."""
    asked = server.probe.retry_after
    if asked is None:
        return unknown("no HTTP 429 seen")
    wait = f"waits of {asked:g} s asked for" if asked else "without a time to wait"
    return Finding("yes", f"HTTP 429 seen, {wait}", "--max-concurrency 1")


async def check_speed(server: Server) -> Finding:
    """Divide tokens by seconds, for the long prompt and for the greedy text."""
    known = server.known
    parts = [f"first answer after {known.first.seconds:.2f} s"]
    if known.long.ok and known.long.prompt_tokens:
        read = known.long.prompt_tokens - (known.long.cached_tokens or 0)
        parts.append(f"{read / max(known.long.seconds, 1e-3):,.0f} prompt tokens/s")
    if known.greedy.ok and known.greedy.completion_tokens:
        written = known.greedy.completion_tokens / max(known.greedy.seconds, 1e-3)
        parts.append(f"{written:,.0f} completion tokens/s")
    return Finding("yes", ", ".join(parts))


def _lines(first: Reply) -> int:
    """Return the lines of a long prompt that the server reads in time, by the speed of its first answer."""
    tokens = LONG_SECONDS * (first.prompt_tokens or 100) / max(first.seconds, 1e-3)
    return int(min(MAX_LINES, max(MIN_LINES, tokens / LINE_TOKENS)))
