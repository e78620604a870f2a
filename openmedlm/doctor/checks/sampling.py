"""Sampling parameters: accepted, and obeyed."""

from typing import Any

from openmedlm.doctor.finding import Finding, refusal, unknown
from openmedlm.doctor.reply import Reply
from openmedlm.doctor.server import Server

HOT = 1.5
"""Temperature at which two seeds hardly ever give the same sentences."""

SEEDS = (1, 2, 3)

OPEN_TOKENS = 32
"""Token limit of the texts that are compared."""

MIN_WORD = 4
"""Shortest word that is used as a stop text."""

_USUAL: dict[str, Any] = {"temperature": 0.8, "top_p": 0.8, "seed": 1}
"""Fields that the requests of an ensemble carry."""


async def check_parameters(server: Server) -> Finding:
    """Send the parameters of an ensemble's request together, and alone if the server refuses them."""
    reply = await _open(server, max_tokens=8, **{name: _USUAL[name] for name in _USUAL if name not in server.omit})
    if not reply.ok and not reply.refused:
        return unknown(reply.error)
    if not reply.ok:
        for name, value in _USUAL.items():
            others = tuple(other for other in _USUAL if other != name)
            if not (await _open(server, max_tokens=8, omit=others, **{name: value})).ok:
                server.omit = (*server.omit, name)
    if not server.omit:
        return Finding("yes", f"{', '.join(_USUAL)} and max_tokens accepted")
    options = " ".join(f"--omit-param {name}" for name in server.omit)
    return Finding("no", f"refused, so left out: {', '.join(server.omit)}", options)


async def check_temperature(server: Server) -> Finding:
    """Compare three texts at a high temperature with different seeds."""
    if "temperature" in server.omit:
        return Finding("no", "refused")
    replies = [await _open(server, temperature=HOT, seed=seed) for seed in SEEDS]
    server.known.hot = [reply for reply in replies if reply.ok]
    texts = {text for reply in server.known.hot for text in reply.texts}
    if len(server.known.hot) < 2:
        return refusal(next(reply for reply in replies if not reply.ok))
    if len(texts) > 1:
        return Finding("yes", f"{len(texts)} different texts of {len(server.known.hot)} at {HOT}")
    return Finding("ignored", f"the same text {len(server.known.hot)} times at {HOT}: votes are copies")


async def check_seed(server: Server) -> Finding:
    """Repeat the request with the first seed."""
    hot = server.known.hot
    if "seed" in server.omit:
        return Finding("no", "refused: another run gives other votes")
    if len({reply.texts[0] for reply in hot}) < 2:
        return unknown("temperature has no effect")
    again = await _open(server, temperature=HOT, seed=SEEDS[0])
    if not again.ok:
        return refusal(again)
    if again.texts[0] == hot[0].texts[0]:
        return Finding("yes", "the same text twice, another text with another seed")
    return Finding("ignored", "one seed gives two texts: another run gives other votes")


async def check_n(server: Server) -> Finding:
    """Ask for three completions in one request."""
    reply = await _open(server, temperature=0.8, seed=SEEDS[0], count=3)
    single = "votes are requested one by one"
    if not reply.ok:
        finding = refusal(reply)
        return Finding("no", f"{single}: {finding.text}") if finding.status == "no" else finding
    come, different = len(reply.texts), len(set(reply.texts))
    if come < 3:
        return Finding("ignored", f"{come} of 3 come: {single}")
    if different == 1 and len({each.texts[0] for each in server.known.hot}) > 1:
        return Finding("ignored", "3 of 3 come, all the same: votes would be copies", "--omit-param n")
    return Finding("yes", f"{come} of 3 come, {different} different")


async def check_top_k(server: Server) -> Finding:
    """Compare a text at a high temperature with `top_k` 1 with the greedy text."""
    return await _greedy_by(server, top_k=1)


async def check_min_p(server: Server) -> Finding:
    """Compare a text at a high temperature with `min_p` 1 with the greedy text."""
    return await _greedy_by(server, min_p=1.0)


async def check_stop(server: Server) -> Finding:
    """Stop the greedy text at one of its words."""
    greedy = await _greedy(server)
    if not greedy.ok:
        return unknown(greedy.error)
    text = greedy.completions[0].text
    word = next((word for word in text.split()[3:] if len(word) >= MIN_WORD and text.count(word) == 1), None)
    if word is None:
        return unknown("the greedy text has no word to stop at")
    reply = await _open(server, stop=[word])
    option = "" if server.chat else "--omit-param stop"
    if not reply.ok:
        return refusal(reply, option)
    stopped = reply.completions[0].text
    if word in stopped:
        return Finding("ignored", f"goes on after {word!r}")
    if text.startswith(stopped.rstrip()):
        return Finding("yes", f"stops at {word!r}")
    return unknown("another text, although greedy")


async def _greedy_by(server: Server, **field: Any) -> Finding:
    """Check a parameter whose value makes any temperature greedy."""
    (name,) = field
    greedy, hot = await _greedy(server), server.known.hot
    reply = await _open(server, temperature=HOT, seed=SEEDS[0], **field)
    if not reply.ok:
        return refusal(reply)
    if len({each.texts[0] for each in hot}) < 2 or not greedy.ok:
        return unknown("accepted; temperature has no effect")
    if reply.texts == greedy.texts:
        return Finding("yes", "obeyed: the greedy text")
    if reply.texts == hot[0].texts:
        return Finding("ignored", f"the same text as without {name}")
    second = await _open(server, temperature=HOT, seed=SEEDS[1], **field)
    same = second.ok and second.texts == reply.texts
    return Finding("yes", "obeyed: two seeds, one text") if same else Finding("ignored", "two seeds, two texts")


async def _greedy(server: Server) -> Reply:
    if not server.known.greedy.ok:
        server.known.greedy = await _open(server)
    return server.known.greedy


async def _open(server: Server, max_tokens: int = OPEN_TOKENS, **parameters: Any) -> Reply:
    return await server.ask(server.prompts.open_text(), max_tokens=max_tokens, **parameters)
