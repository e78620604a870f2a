"""Options of a prompt program."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import typer

from openmedlm.options.completion import CompletionOptions


@dataclass(frozen=True, slots=True)
class FixedProgramOptions(CompletionOptions):
    """Program options that tuning does not search."""

    HEADING: ClassVar[str] = "Prompt program"

    top_k: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Top-k sampling; some endpoints do not support it. Default: the endpoint's own.",
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
