import signal
import sys
from typing import Annotated

import typer

from openmedlm.local_models import SLOTS
from openmedlm.options import Output, with_options
from openmedlm.terminal.console import print_json


@with_options(Output)
def serve_model(
    output: Output,
    name: Annotated[str, typer.Argument(metavar="NAME", help="An embedded model, or the path of a GGUF file.")],
    slots: Annotated[int, typer.Option(min=1, help="Maximum number of concurrent requests.")] = SLOTS,
    context: Annotated[
        int | None, typer.Option(min=1, help="Tokens of one request, prompt and completion.", show_default=False)
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads.", show_default=False)] = None,
) -> None:
    """Serve an embedded model as an OpenAI-compatible endpoint on loopback, until Ctrl-C.

    Prints its address and key. Commands that use the same model with the same settings share this server.
    """
    from openmedlm.local_models import resolve, serve

    model = resolve(name if name.startswith("local/") else f"local/{name}")
    with serve(model, slots=slots, context=context, threads=threads) as server:
        address = {
            "base_url": server.base_url,
            "api_key": server.api_key,
            "model": server.model,
            "log": str(server.log),
        }
        if output.json:
            print_json(address)
        else:
            print(f"Serving {server.model} at {server.base_url}\nkey: {server.api_key}\nlog: {server.log}", flush=True)
            print("Press Ctrl-C to stop; other commands that use the server keep it alive.", file=sys.stderr)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
