"""Options of a completion: its length, its sampling and its thoughts."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import typer


@dataclass(frozen=True, slots=True)
class CompletionOptions:
    """Options of the completions of a program."""

    HEADING: ClassVar[str] = "Completions"

    max_completion_tokens: Annotated[
        int | None,
        typer.Option(
            "--max-tokens",
            "--max-completion-tokens",
            min=1,
            help="Maximum tokens of a completion, thoughts included. Default: 32, or 500 for chain-of-thought "
            "strategies, and 8192 more for a model that is seen to think.",
            show_default=False,
        ),
    ] = None
    sampling: Annotated[
        str,
        typer.Option(
            help="Source of temperature, top_p and top_k: program, model (the server's generation config; they are not "
            "sent), or auto (model for a model that is seen to think, else program)."
        ),
    ] = "auto"
    thinking: Annotated[
        str,
        typer.Option(help="Thinking to request: off, on, low, medium, high, or default (the server's own)."),
    ] = "default"
    thinking_tokens: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Tokens for thoughts, besides --max-tokens. Default: 8192 if the model is seen to think.",
            show_default=False,
        ),
    ] = None
    extra_body: Annotated[
        str | None,
        typer.Option(
            metavar="JSON",
            help="Further fields of the request body, as a JSON object: '{\"min_p\": 0.05}'.",
            show_default=False,
        ),
    ] = None
    omit_param: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Request field that is not sent, such as seed. Repeat it for several. Omitting max_tokens sends "
            "max_completion_tokens.",
            show_default=False,
        ),
    ] = None
    thought_mark: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OPEN…CLOSE",
            help="Marks around thoughts that the model writes, if they are not recognised: '<muse>…</muse>'.",
            show_default=False,
        ),
    ] = None
