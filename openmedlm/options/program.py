"""Options of a prompt program."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import typer


@dataclass(frozen=True, slots=True)
class FixedProgramOptions:
    """Program options that tuning does not search."""

    HEADING: ClassVar[str] = "Prompt program"

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
    top_k: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Top-k sampling; some endpoints do not support it. Default: the endpoint's own.",
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
    template: Annotated[
        str,
        typer.Option(
            help="Prompt template: chat, chat-user (no system message), plain (text for base models), or auto (plain "
            "for base models, else chat)."
        ),
    ] = "auto"
    embedder_api_base: Annotated[
        str | None, typer.Option(metavar="URL", help="Base URL of a litellm: embedder.", show_default=False)
    ] = None
    index: Annotated[
        str, typer.Option(help="Nearest-neighbour index: exact, or hnsw for pools of 100,000 questions or more.")
    ] = "exact"
    balance: Annotated[
        bool, typer.Option(help="Reorder the options of nearest exemplars so that answer letters are evenly spread.")
    ] = True


@dataclass(frozen=True, slots=True)
class ProgramOptions(FixedProgramOptions):
    """All program options."""

    k: Annotated[int, typer.Option("--k", "-k", min=0, help="Exemplars per prompt.")] = 5
    votes: Annotated[int, typer.Option(min=1, help="Votes per question of the ensemble.")] = 5
    member: Annotated[str, typer.Option(metavar="STRATEGY", help="Strategy that the ensemble samples.")] = "knn-cot"
    shuffle: Annotated[
        bool, typer.Option(help="Shuffle the answer options for each vote of the ensemble after the first.")
    ] = True
    temperature: Annotated[
        float | None,
        typer.Option(
            min=0.0, max=2.0, help="Sampling temperature. Default: 0, or 0.8 for ensembles.", show_default=False
        ),
    ] = None
    top_p: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Nucleus sampling probability. Default: the endpoint's own, or 0.8 for ensembles.",
            show_default=False,
        ),
    ] = None
    embedder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Embedder of questions: a sentence-transformers model or path, or litellm:MODEL. Default: an offline "
            "MiniLM.",
            show_default=False,
        ),
    ] = None
    order: Annotated[
        str, typer.Option(help="Order of nearest exemplars: nearest-last (next to the question) or nearest-first.")
    ] = "nearest-last"
    instructions: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Instructions of the prompt. Default: the strategy's.", show_default=False),
    ] = None
