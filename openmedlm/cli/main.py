"""Command line entry point: one file per command, one-line errors, exit codes for scripts.

The file of a command is imported only when that command runs, so `openmedlm --help` stays fast.
"""

import atexit
import importlib
import os
import signal
import sys
from io import TextIOWrapper
from typing import Any, NoReturn

import typer
from typer._click.exceptions import NoArgsIsHelpError, UsageError  # no public name: typer carries its own click
from typer.core import TyperCommand, TyperGroup

GROUPS = {
    "Start": {
        "quickstart": "Run ladder, tune, verify and report on an embedded model.",
        "doctor": "Examine a server, and print the ladder command that fits it.",
        "models": "List the embedded models.",
        "serve-model": "Serve an embedded model as an OpenAI-compatible endpoint.",
        "data": "List, show, check and import benchmark questions.",
    },
    "Run": {
        "ladder": "Run every strategy on the same questions: the OpenMedLM paper's table.",
        "evaluate": "Run programs on a split and print accuracy with intervals, and cost.",
        "score": "Score completions that another system wrote.",
        "ask": "Answer one question, with votes and exemplars.",
        "pool": "Generate the rationales of exemplars and check their answers.",
        "compile": "Freeze one strategy for a model and a benchmark.",
        "tune": "Search for the best program within a budget and freeze it.",
    },
    "Compare": {
        "compare": "Compare runs on the same questions with paired tests.",
        "report": "Write runs and studies as one HTML page.",
        "view": "Serve the pages of runs and studies on loopback.",
    },
    "Deploy": {
        "verify": "Check that a frozen program is unchanged.",
        "export": "Convert a frozen program to another system's format.",
        "serve": "Serve a program as an OpenAI-compatible endpoint.",
    },
}
"""Commands with their one-line help, by the heading under which `openmedlm --help` lists them."""

COMMANDS = {name: summary for group in GROUPS.values() for name, summary in group.items()}
"""One-line help of each command."""

INTERRUPTED = 130
"""Exit code of typer after Ctrl-C."""

TERMINATED = 128 + signal.SIGTERM
"""Exit code after SIGTERM."""

HELP = """Compile, tune and freeze the best prompt program for an open-source language model on medical question
answering. For benchmarking; nothing it prints is medical advice."""


class Commands(TyperGroup):
    """Group of all commands; imports a command only to run it."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and _load(command.name or ""), rest

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args[:1] == ["--version"]:  # importlib.metadata takes longer to load than the rest of the help
            from importlib.metadata import version

            typer.echo(f"openmedlm {version('openmedlm')}")
            ctx.exit()
        return super().parse_args(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Options"):
            formatter.write_dl(
                [("--version", "Show the version and exit."), ("-h, --help", "Show this message and exit.")]
            )
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for heading, group in GROUPS.items():
            with formatter.section(heading):
                formatter.write_dl(list(group.items()), col_spacing=max(map(len, COMMANDS)) - max(map(len, group)) + 2)


def _load(name: str) -> Any:
    """Import a command: the function named like its file, or the file's `app` if it has subcommands."""
    module = importlib.import_module(f"openmedlm.cli.commands.{name.replace('-', '_')}")
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False)
        app.command(name)(getattr(module, module.__name__.rpartition(".")[2]))
    command = typer.main.get_command(app)
    command.name = name
    return command


def commands() -> Commands:
    """Build the `openmedlm` command with its subcommands."""
    return Commands(
        name="openmedlm",
        no_args_is_help=True,
        help=HELP,
        epilog="Start with: openmedlm quickstart",
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode=None,  # rich takes longer to load than everything else here
        commands={name: TyperCommand(name, help=summary) for name, summary in COMMANDS.items()},
    )


def main() -> None:
    """Run the `openmedlm` command on `sys.argv`.

    Exits with 0 on success, 2 on bad usage or bad input, 3 if questions stayed unanswered, 130 on Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a character that its encoding lacks must not end a paid run
            stream.reconfigure(errors="backslashreplace")
    try:
        _read_env_file()
        code = commands().main(standalone_mode=False) or 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:
        _exit_with_message(error)
    if code == INTERRUPTED:
        message = "interrupted; all completions received so far are saved. Rerun the same command to resume."
        print(f"openmedlm: {message}", file=sys.stderr)
    sys.exit(code)


def run() -> NoReturn:
    """Run the command as a process that exits at once when done. SIGTERM acts like Ctrl-C, with exit code 143.

    `os._exit` skips the interpreter's teardown: there, threads of Arrow and others sometimes abort, and the exit code
    would then be that of the abort.
    """
    code: object = 1
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
    terminated = _terminated
    for number in (signal.SIGINT, signal.SIGTERM):  # the command is done: a late signal must not change its exit code
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


def _interrupt(number: int, frame: Any) -> None:
    """Handle SIGTERM, which Kubernetes and SLURM send, like Ctrl-C."""
    global _terminated
    _terminated = True
    interrupt = signal.getsignal(signal.SIGINT)
    if not callable(interrupt):  # a shell starts background commands with SIGINT ignored
        raise KeyboardInterrupt
    interrupt(number, frame)


def _read_env_file() -> None:
    """Read variables that the environment lacks, such as keys, from `.env` in the working directory."""
    if os.path.isfile(".env"):  # noqa: PTH113 - pathlib takes longer to load than the rest of this
        from dotenv import load_dotenv

        try:
            load_dotenv(".env")
        except UnicodeDecodeError as error:
            from openmedlm.utils.errors import UserError

            raise UserError(".env is not UTF-8. Save it as UTF-8.") from error


def _exit_with_message(error: Exception) -> NoReturn:
    """Print one line about the error on stderr and exit.

    With OPENMEDLM_TRACEBACK=1, errors other than bad usage and bad input are raised again.
    """
    from sqlite3 import OperationalError

    from openmedlm.terminal.console import one_line
    from openmedlm.utils.errors import UserError

    if isinstance(error, UsageError):
        if not isinstance(error, NoArgsIsHelpError):  # its message is the help page
            error.message = one_line(error.message)
        error.show()
        sys.exit(error.exit_code)
    if isinstance(error, BrokenPipeError):  # the reader of our output, such as `head`, has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    if not isinstance(error, UserError) and os.environ.get("OPENMEDLM_TRACEBACK"):
        raise error
    code = 2
    if isinstance(error, UserError):
        message = str(error)
    elif isinstance(error, OSError):
        path = f"{error.filename}: " if error.filename else ""
        message = f"{path}{error.strerror or error}. Fix this and rerun the same command to resume."
    elif isinstance(error, OperationalError):
        message = f"completion cache: {error}. Fix this and rerun the same command to resume."
    else:
        code = 1
        message = f"internal error: {type(error).__name__}: {error}. Set OPENMEDLM_TRACEBACK=1 to see the traceback."
    print(f"openmedlm: {one_line(message)}", file=sys.stderr)
    sys.exit(code)
