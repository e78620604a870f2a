"""Servers that answer this machine only."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

_LOCAL = ("127.0.0.1", "localhost", "::1")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def only_local(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses what another site's name leads here (DNS rebinding), and what a page of another site sends."""
    origin = request.headers.get("Origin")
    if request.url.host not in _LOCAL or (origin is not None and urlsplit(origin).hostname not in _LOCAL):
        raise web.HTTPForbidden(text="this server answers to 127.0.0.1 and localhost only")
    return await handler(request)
