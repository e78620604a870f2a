"""HTTP server on loopback for the pages of the runs and studies in a folder."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from openmedlm.data import UserError
from openmedlm.report.page import read_directories, render_page
from openmedlm.runs.directory import MANIFEST
from openmedlm.terminal.console import NOT_ADVICE
from openmedlm.tuning.files import RESULT
from openmedlm.utils.loopback import listening, only_local, serve_on_loopback

MAX_DEPTH = 4
"""Levels of folders below the given one that are searched."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"


def find_results(folder: Path) -> list[Path]:
    """Return the directories of runs and studies at or below a folder, hidden folders excluded."""
    directories = []
    for root, subfolders, files in os.walk(folder):
        at_limit = len(Path(root).relative_to(folder).parts) >= MAX_DEPTH
        subfolders[:] = [] if at_limit else sorted(name for name in subfolders if name.isprintable() and name[0] != ".")
        if MANIFEST in files or RESULT in files:
            directories.append(Path(root))
    return directories


def application(folder: Path) -> web.Application:
    """Build the routes: the list of runs and studies at `/`, the page of the selected ones at `/report`."""
    environment = Environment(
        loader=PackageLoader("openmedlm.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )

    async def index(_: web.Request) -> web.Response:
        names = [str(path.relative_to(folder)) for path in await asyncio.to_thread(find_results, folder)]
        text = environment.get_template("choice.html").render(folder=str(folder), names=names, advice=NOT_ADVICE)
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": _POLICY})

    async def report(request: web.Request) -> web.Response:
        known = {str(path.relative_to(folder)): path for path in await asyncio.to_thread(find_results, folder)}
        selected = [known[name] for name in request.query.getall("directory", []) if name in known]
        if not selected:
            raise web.HTTPSeeOther("/")
        try:
            page = await asyncio.to_thread(lambda: render_page(*read_directories(selected)))
        except UserError as error:
            return web.Response(text=str(error), status=400)
        return web.Response(text=page, content_type="text/html")

    app = web.Application(middlewares=[only_local])
    app.add_routes([web.get("/", index), web.get("/report", report)])
    return app


async def serve(folder: Path, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve the pages until cancelled.

    Args:
        folder: Folder whose runs and studies are listed.
        port: Loopback port; 0 picks a free one.
        on_ready: Called with the server's address once it accepts requests.

    Raises:
        UserError: The port is taken.
    """
    with listening(port) as listener:
        await serve_on_loopback(application(folder), listener, lambda address: on_ready(f"{address}/"))
