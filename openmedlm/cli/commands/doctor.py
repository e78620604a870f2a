import secrets
import shlex
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from openmedlm.options import ModelOptions, Output, with_options
from openmedlm.terminal.console import one_line, print_json, wide_console
from openmedlm.utils.secrets import without_secrets

if TYPE_CHECKING:
    from rich.table import Table

    from openmedlm.doctor import Examination

UNUSABLE = 2
"""Exit code if no run with the server is possible."""

FINDING_COLUMNS = 45
"""Width of the findings' column, so that the table fits 80 columns."""


@with_options(Output, ModelOptions)
def doctor(
    output: Output,
    model: ModelOptions,
    template: Annotated[
        str, typer.Option(help="Prompt template: chat, chat-user, plain, or auto, which finds the one that fits.")
    ] = "auto",
    call_timeout: Annotated[float, typer.Option(min=1, help="Time limit of one request, in seconds.")] = 60.0,
) -> None:
    """Examine a server: ask one question in every way that runs need, and print the ladder command that fits.

    Sends 20 to 30 small requests, one after another. Nothing is read from the completion cache, or written to it.
    Exits with 2 if no run is possible: the server cannot be reached, the key is refused, or the model is not served.

    Example: openmedlm doctor -m hosted_vllm/NAME --api-base http://127.0.0.1:8000/v1
    """
    from dataclasses import replace

    from openmedlm.data import UserError
    from openmedlm.doctor import examine
    from openmedlm.inference import connect, wait_for
    from openmedlm.runs.plan import choose_template
    from openmedlm.runs.resolve import resolve_endpoint
    from openmedlm.terminal.progress import Progress

    endpoint = resolve_endpoint(model)
    if endpoint.replicas:
        raise UserError(f"several addresses in --api-base: {endpoint.addresses}. Examine one replica at a time.")
    chosen = None if template == "auto" else choose_template(template, endpoint)
    with Progress() as progress, connect(endpoint, progress.on_download) as connected:
        examination = wait_for(
            examine(connected, timeout=call_timeout, nonce=secrets.token_hex(4), template=chosen, on_check=_print_check)
        )
    keys = (connected.api_key,)
    findings = {
        name: replace(finding, text=without_secrets(one_line(finding.text), keys))
        for name, finding in examination.findings.items()
    }
    examination = replace(examination, findings=findings, fatal=without_secrets(examination.fatal, keys))
    if output.json:
        print_json(examination.as_json())
    elif examination.usable:
        console = wide_console()
        console.print(_table(examination), highlight=False)
        console.print(f"The ladder command that fits:\n{shlex.join(examination.command)}", soft_wrap=True)
    if not examination.usable:
        print(f"openmedlm: {one_line(examination.fatal)}", file=sys.stderr)
        raise typer.Exit(UNUSABLE)


def _print_check(number: int, total: int, name: str) -> None:
    print(f"check {number} of {total}: {name}", file=sys.stderr)


def _table(examination: "Examination") -> "Table":
    """Build a table with one row per check that fits 80 columns."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    address = f" at {examination.api_base}" if examination.api_base else ""
    table = Table(title=f"{examination.model}{address}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("check", no_wrap=True)
    table.add_column("result", no_wrap=True)
    table.add_column("finding", max_width=FINDING_COLUMNS, overflow="fold")
    for name, finding in examination.findings.items():
        use = f"; {'use' if finding.needed else 'possible:'} {finding.option}" if finding.option else ""
        table.add_row(name, finding.status, f"{finding.text}{use}")
    return table
