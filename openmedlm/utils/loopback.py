"""Servers that answer this machine only."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from openmedlm.utils.errors import UserError

_LOCAL = ("127.0.0.1", "localhost", "::1")

LAST_ANSWERS = 2.0
"""Seconds that requests have to end, once the server is told to."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def only_local(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses what another site's name leads here (DNS rebinding), and what a page of another site sends."""
    origin = request.headers.get("Origin")
    if request.url.host not in _LOCAL or (origin is not None and _host(origin) not in _LOCAL):
        raise web.HTTPForbidden(text="this server answers to 127.0.0.1 and localhost only")
    return await handler(request)


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None


def listening(port: int) -> socket.socket:
    """A port of this machine, ours from now on; who connects waits until something is served there.

    Args:
        port: 0 takes a free one.

    Raises:
        UserError: the port is taken.
    """
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        said = os.strerror(error.errno or 0).lower()
        raise UserError(f"--port {port}: {said}; name another, or 0 for any free one") from error


async def serve_on_loopback(app: web.Application, listener: socket.socket, told: Callable[[str], None]) -> None:
    """Serves an application until it is cancelled.

    Args:
        app: with `only_local` among its middlewares.
        listener: from `listening`.
        told: called with the address once it answers, without a closing slash.
    """
    runner = web.AppRunner(app, shutdown_timeout=LAST_ANSWERS)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        told(f"http://127.0.0.1:{listener.getsockname()[1]}")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
