from pathlib import Path
from typing import Annotated

import typer

from openmedlm.options import Output, with_options
from openmedlm.terminal.console import print_json


@with_options(Output)
def verify(
    output: Output,
    program: Annotated[Path, typer.Argument(metavar="PROGRAM", help="Directory of a frozen program.")],
    embedder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Local path of the embedder, if it is not where the program says.", show_default=False
        ),
    ] = None,
) -> None:
    """Check that a frozen program is unchanged: all checksums match, and its golden prompts render byte for byte.

    If a check fails, prints the reason and exits with 2.
    """
    from openmedlm.data import UserError
    from openmedlm.programs.frozen import verify_program

    try:
        verified = verify_program(program, embedder)
    except UserError as error:
        if not output.json:
            raise
        print_json({"ok": False, "checked": 0, "reason": str(error)})
        raise typer.Exit(2) from None
    sha256 = verified.frozen.document.sha256
    if output.json:
        print_json({"ok": True, "checked": verified.prompts, "files": verified.files, "sha256": sha256})
        return
    print(f"{program}: {verified.files} checksums and {verified.prompts} golden prompts match byte for byte.")
    print(f"sha256 {sha256}")
