"""The page over HTTP on loopback, with the runs and studies of a folder to choose from."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from openmedlm.data import UserError
from openmedlm.report.page import read_places, render_page
from openmedlm.runs.directory import MANIFEST
from openmedlm.terminal.console import NOT_ADVICE
from openmedlm.tuning.files import RESULT
from openmedlm.utils.loopback import listening, only_local, serve_on_loopback

DEPTH = 4
"""Folders below the given one that are looked into."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"


def places_in(folder: Path) -> list[Path]:
    """The directories of runs and studies in a folder, and in folders of it; itself, where it is one."""
    found = []
    for root, below, files in os.walk(folder):
        deep = len(Path(root).relative_to(folder).parts) >= DEPTH
        below[:] = [] if deep else sorted(name for name in below if name.isprintable() and name[0] != ".")
        if MANIFEST in files or RESULT in files:
            found.append(Path(root))
    return found


def application(folder: Path) -> web.Application:
    """The choice at `/`, and the page of what was chosen at `/report`."""
    environment = Environment(
        loader=PackageLoader("openmedlm.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )

    async def choose(_: web.Request) -> web.Response:
        names = [str(place.relative_to(folder)) for place in await asyncio.to_thread(places_in, folder)]
        text = environment.get_template("choice.html").render(folder=str(folder), names=names, advice=NOT_ADVICE)
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": _POLICY})

    async def report(request: web.Request) -> web.Response:
        known = {str(place.relative_to(folder)): place for place in await asyncio.to_thread(places_in, folder)}
        chosen = [known[name] for name in request.query.getall("place", []) if name in known]
        if not chosen:
            raise web.HTTPSeeOther("/")
        try:
            page = await asyncio.to_thread(lambda: render_page(*read_places(chosen)))
        except UserError as error:
            return web.Response(text=str(error), status=400)
        return web.Response(text=page, content_type="text/html")

    app = web.Application(middlewares=[only_local])
    app.add_routes([web.get("/", choose), web.get("/report", report)])
    return app


async def serve(folder: Path, port: int, told: Callable[[str], None]) -> None:
    """Serves until it is cancelled.

    Args:
        folder: whose runs and studies can be chosen.
        port: on loopback; 0 takes a free one.
        told: called with the address once it answers.

    Raises:
        UserError: the port is taken.
    """
    with listening(port) as listener:
        await serve_on_loopback(application(folder), listener, lambda address: told(f"{address}/"))
