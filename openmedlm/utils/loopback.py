"""HTTP servers that answer only on this machine."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from openmedlm.utils.errors import UserError

_LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")

SHUTDOWN_SECONDS = 2.0
"""Time that open requests get to finish at shutdown."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def only_local(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Reject requests with another host name (DNS rebinding) or from a page of another site."""
    origin = request.headers.get("Origin")
    if request.url.host not in _LOCAL_HOSTS or (origin is not None and _host(origin) not in _LOCAL_HOSTS):
        raise web.HTTPForbidden(text="this server accepts requests to 127.0.0.1 and localhost only")
    return await handler(request)


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None


def listening(port: int) -> socket.socket:
    """Open a listening socket on loopback; clients that connect wait until a server accepts.

    Args:
        port: Port number; 0 takes a free one.

    Raises:
        UserError: The port is in use or not allowed.
    """
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise UserError(f"--port {port}: {reason}. Choose another port, or 0 for any free one.") from error


async def serve_on_loopback(app: web.Application, listener: socket.socket, on_ready: Callable[[str], None]) -> None:
    """Serve an application until the task is cancelled.

    Args:
        app: Application with `only_local` among its middlewares.
        listener: Socket from `listening`.
        on_ready: Called with the server's URL, without a trailing slash, when it accepts requests.
    """
    runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        on_ready(f"http://127.0.0.1:{listener.getsockname()[1]}")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
