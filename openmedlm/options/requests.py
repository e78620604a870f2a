"""Options of requests to an endpoint, and of the votes that they sample."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import typer


@dataclass(frozen=True, slots=True)
class CallOptions:
    """Options of the calls to an endpoint."""

    HEADING: ClassVar[str] = "Requests"

    max_concurrency: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Maximum concurrent requests. Default: 16, or the number of slots of an embedded model.",
            show_default=False,
        ),
    ] = None
    max_retries: Annotated[int, typer.Option(min=0, help="Maximum retries of a request that fails transiently.")] = 5
    call_timeout: Annotated[float, typer.Option(min=1, help="Time limit of one request, in seconds.")] = 600.0
    wait: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Time that the endpoint may take to load its model. Default: 600; with this option, a server that "
            "refuses connections is waited for, too.",
            show_default=False,
        ),
    ] = None
    store: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL",
            envvar="OPENMEDLM_STORE",
            show_envvar=True,
            help="Completion cache: a file, or postgresql://USER@HOST/NAME for several machines. Default: one file per "
            "user, in the user's data directory.",
            show_default=False,
        ),
    ] = None
    engine: Annotated[
        str,
        typer.Option(metavar="local|ray", help="Sender of requests: this process, or workers of a Ray cluster."),
    ] = "local"
    ray_address: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Address of the Ray cluster. Default: RAY_ADDRESS, or a temporary cluster on this machine.",
            show_default=False,
        ),
    ] = None
    ray_workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Workers of the Ray cluster; they share --max-concurrency. Default: one per CPU.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class RequestOptions(CallOptions):
    """Options of calls, and of votes."""

    on_unparsed: Annotated[
        str,
        typer.Option(
            help="For a vote without an answer letter: resample it, constrain a follow-up request to a letter, skip "
            "it, or auto (constrain if the endpoint can)."
        ),
    ] = "auto"
    max_resamples: Annotated[
        int, typer.Option(min=0, help="Maximum further completions of a vote without an answer letter.")
    ] = 4
    all_votes: Annotated[
        bool, typer.Option("--all-votes", help="Request all votes, even after the majority is decided.")
    ] = False
