"""The command line: one file a command, errors as one line, exit codes that scripts can read."""

import os
import sys

import typer
from typer._click.exceptions import UsageError  # no public name: typer carries its own click

from data.errors import BadInput
from openmedlm.commands import (
    ask,
    compare,
    compile,
    data,
    evaluate,
    export,
    ladder,
    models,
    pool,
    quickstart,
    report,
    score,
    serve_model,
    tune,
    verify,
    view,
)
from openmedlm.printing import in_one_line

app = typer.Typer(
    name="openmedlm",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Compile, tune and freeze the best prompt program for an open-source language model on medical question "
    "answering. For benchmarking; nothing it prints is medical advice.",
    epilog="Start with: openmedlm quickstart",
)
app.command("quickstart")(quickstart.quickstart)
app.command("ladder")(ladder.ladder)
app.command("evaluate")(evaluate.evaluate)
app.command("ask")(ask.ask)
app.command("pool")(pool.pool)
app.command("compile")(compile.compile_program)
app.command("tune")(tune.tune)
app.command("compare")(compare.compare)
app.command("report")(report.report)
app.command("verify")(verify.verify)
app.command("view")(view.view)
app.command("export")(export.export)
app.command("score")(score.score)
app.command("models")(models.models)
app.command("serve-model")(serve_model.serve_model)
app.add_typer(data.app, name="data")


INTERRUPTED = 130
"""What typer ends with on Ctrl-C."""


def main() -> None:
    """The `openmedlm` command.

    Exits 0 on success, 2 on bad usage or bad input, 3 when a run ended with unanswered questions, 130 on Ctrl-C.
    """
    try:
        code = app(standalone_mode=False) or 0
        if code == INTERRUPTED:
            print("openmedlm: stopped; every answer is kept, and the same command goes on from there", file=sys.stderr)
        sys.exit(code)
    except BadInput as error:
        print(f"openmedlm: {in_one_line(error)}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # whoever read our output has seen enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        said = error.strerror or in_one_line(error)
        print(f"openmedlm: {in_one_line(place + said)}; mend that, and run the command again", file=sys.stderr)
        sys.exit(2)
    except UsageError as error:
        error.show()
        sys.exit(error.exit_code)
    except Exception as error:
        if os.environ.get("OPENMEDLM_TRACEBACK"):
            raise
        print(
            f"openmedlm: {type(error).__name__}: {in_one_line(error)} (this is a fault of the program; "
            "OPENMEDLM_TRACEBACK=1 shows where)",
            file=sys.stderr,
        )
        sys.exit(1)
