from pathlib import Path
from typing import Annotated

import typer

from openmedlm.options.groups import Output
from openmedlm.options.with_options import with_options
from openmedlm.terminal.console import print_json


@with_options(Output)
def verify(
    output: Output,
    program: Annotated[Path, typer.Argument(metavar="PROGRAM", help="The directory of a frozen program.")],
    embedder: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Where its embedder lies, if not where it says.", show_default=False),
    ] = None,
) -> None:
    """Proves a frozen program: every checksum holds, and it renders its golden prompts byte for byte.

    Exits with 2, and the reason, where it does not.
    """
    from openmedlm.data import UserError
    from openmedlm.programs.frozen import verify_program

    try:
        proof = verify_program(program, embedder)
    except UserError as refusal:
        if not output.json:
            raise
        print_json({"ok": False, "checked": 0, "reason": str(refusal)})
        raise typer.Exit(2) from None
    if output.json:
        counts = {"checked": proof.prompts, "files": proof.files, "sha256": proof.frozen.document.sha256}
        print_json({"ok": True, **counts})
        return
    print(f"{program} is what was frozen: {proof.files} files, and {proof.prompts} golden prompts byte for byte.")
    print(f"sha256 {proof.frozen.document.sha256}")
