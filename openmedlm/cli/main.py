"""The command line: one file a command, errors as one line, exit codes that scripts can read.

A command's file is imported when the command is run, so that help takes no longer than it must.
"""

import atexit
import importlib
import os
import signal
import sys
from typing import Any, NoReturn

import typer
from typer._click.exceptions import UsageError  # no public name: typer carries its own click
from typer.core import TyperCommand, TyperGroup

COMMANDS = {
    "quickstart": "The main job on an embedded model, in minutes.",
    "ladder": "Every strategy on the same questions: the paper's table.",
    "evaluate": "Programs over a split: accuracy with intervals, cost.",
    "ask": "One question, with its votes and exemplars.",
    "pool": "Rationales of a teacher that end on the right letter.",
    "compile": "Freezes a strategy for a model and a benchmark.",
    "tune": "Searches the best program for a budget, and freezes it.",
    "compare": "Runs on the same questions: differences and tests.",
    "report": "Runs and studies as one page.",
    "verify": "Proves that a frozen program is what was frozen.",
    "view": "The page over HTTP, with runs and studies to choose from.",
    "export": "Takes a frozen program elsewhere.",
    "serve": "A program behind an OpenAI-compatible endpoint, as a model.",
    "score": "Scores completions that any other system wrote.",
    "models": "The embedded models.",
    "serve-model": "An embedded model behind an OpenAI-compatible endpoint.",
    "data": "Benchmarks and splits: list, show, check, import.",
}
"""Each command and what it does, as the list of them says it."""

INTERRUPTED = 130
"""What typer ends with on Ctrl-C."""

TERMINATED = 128 + signal.SIGTERM
"""What a process ends with that SIGTERM asked to."""


class Commands(TyperGroup):
    """The commands, each loaded when it is run."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and _load(command.name or ""), rest


def _load(name: str) -> Any:
    """A command: the function of its file's name, or the file's `app` where it has commands of its own."""
    module = importlib.import_module(f"openmedlm.cli.commands.{name.replace('-', '_')}")
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False)
        app.command(name)(getattr(module, module.__name__.rpartition(".")[2]))
    command = typer.main.get_command(app)
    command.name = name
    return command


def commands() -> Commands:
    """The `openmedlm` command with all of its own."""
    return Commands(
        name="openmedlm",
        no_args_is_help=True,
        help="Compile, tune and freeze the best prompt program for an open-source language model on medical question "
        "answering. For benchmarking; nothing it prints is medical advice.",
        epilog="Start with: openmedlm quickstart",
        rich_markup_mode=None,  # rich takes longer to load than everything else here
        commands={name: TyperCommand(name, help=told) for name, told in COMMANDS.items()},
    )


def main() -> None:
    """The `openmedlm` command.

    Exits 0 on success, 2 on bad usage or bad input, 3 when a run ended with unanswered questions, 130 on Ctrl-C.
    """
    try:
        _read_env_file()
        code = commands().main(standalone_mode=False) or 0
    except Exception as error:
        _end(error)
    if code == INTERRUPTED:
        print("openmedlm: stopped; every answer is kept, and the same command goes on from there", file=sys.stderr)
    sys.exit(code)


def run() -> NoReturn:
    """The command as a process, which ends as soon as all is done and said; SIGTERM does what Ctrl-C does, and it exits
    143.

    What the interpreter would still take down, threads of Arrow's among them, now and then ends in an abort, and with
    that in an exit code that says nothing of how the command went.
    """
    code: object = 1
    signal.signal(signal.SIGTERM, _stop)
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
    terminated = _terminated
    for number in (signal.SIGINT, signal.SIGTERM):  # all is done; nothing that could be stopped is left
        signal.signal(number, signal.SIG_IGN)
    if code == INTERRUPTED and terminated:
        code = TERMINATED
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = code or 1
    os._exit(code if isinstance(code, int) else int(code is not None))


_terminated = False


def _stop(number: int, frame: Any) -> None:
    """Does what Ctrl-C does: Kubernetes and SLURM ask a process to end by another signal."""
    global _terminated
    _terminated = True
    interrupt = signal.getsignal(signal.SIGINT)
    if not callable(interrupt):  # a shell starts background commands deaf to Ctrl-C
        raise KeyboardInterrupt
    interrupt(number, frame)


def _read_env_file() -> None:
    """Takes what a `.env` in the working directory sets and the environment does not, such as keys."""
    if os.path.isfile(".env"):  # noqa: PTH113 - pathlib takes longer to load than the rest of this
        from dotenv import load_dotenv

        try:
            load_dotenv(".env")
        except UnicodeDecodeError as error:
            from openmedlm.utils.errors import UserError

            raise UserError(".env: not UTF-8; save it as UTF-8") from error


def _end(error: Exception) -> NoReturn:
    """Says in one line what went wrong, and ends."""
    from sqlite3 import OperationalError

    from openmedlm.terminal.console import in_one_line
    from openmedlm.utils.errors import UserError

    if isinstance(error, UsageError):
        error.message = in_one_line(error.message)
        error.show()
        sys.exit(error.exit_code)
    if isinstance(error, BrokenPipeError):  # whoever read our output has seen enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    if isinstance(error, UserError):
        said, code = in_one_line(error), 2
    elif isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        said, code = in_one_line(f"{place}{error.strerror or error}; mend that, and run the command again"), 2
    elif isinstance(error, OperationalError):
        said, code = in_one_line(f"the vote store: {error}; mend that, and the same command goes on"), 2
    elif os.environ.get("OPENMEDLM_TRACEBACK"):
        raise error
    else:
        fault = "this is a fault of the program; OPENMEDLM_TRACEBACK=1 shows where"
        said, code = f"{type(error).__name__}: {in_one_line(error)} ({fault})", 1
    print(f"openmedlm: {said}", file=sys.stderr)
    sys.exit(code)
