"""Options of the output: JSON, seed, configuration file, estimate, tracking."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from openmedlm.options.config_file import read_config

MAX_SEED = 2**63 - 1
"""Largest seed that JSON and the completion cache can hold."""


@dataclass(frozen=True, slots=True)
class Output:
    """Options of every command."""

    HEADING: ClassVar[str] = "General"

    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")] = (
        False
    )
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of all random choices.")] = 0
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.yaml",
            help="Read options from this file, by their long names; options on the command line override it.",
            callback=read_config,
            is_eager=True,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class PreviewOptions:
    """Estimate before any request is sent."""

    HEADING: ClassVar[str] = "General"

    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the estimated calls, tokens and cost; send no request.")
    ] = False


@dataclass(frozen=True, slots=True)
class TrackingOptions:
    """Experiment tracking."""

    HEADING: ClassVar[str] = "General"

    mlflow: Annotated[
        str | None,
        typer.Option(
            metavar="URI",
            help="Log parameters, metrics and programs to MLflow: a server URL, sqlite:///FILE or a directory.",
            show_default=False,
        ),
    ] = None
