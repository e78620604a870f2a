from pathlib import Path
from typing import Annotated

import typer

from openmedlm.options import Output, with_options
from openmedlm.terminal.console import print_json


@with_options(Output)
def view(
    output: Output,
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Folder whose runs and studies the page lists.")
    ] = Path(),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Loopback port; 0 picks a free one.")] = 8420,
) -> None:
    """Serve the report pages of the runs and studies in a folder on loopback, until Ctrl-C.

    Example: openmedlm view results
    """
    import asyncio

    from openmedlm.data import UserError
    from openmedlm.report.server import serve

    if not folder.is_dir():
        raise UserError(f"no such folder: {folder}. Name a folder that holds runs or studies.")

    def print_address(address: str) -> None:
        if output.json:
            print_json({"address": address, "folder": str(folder)})
        else:
            print(f"{address}  (press Ctrl-C to stop)", flush=True)

    asyncio.run(serve(folder, port, print_address))
