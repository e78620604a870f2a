"""Options that only `openmedlm pool` has."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import typer


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """Questions, teacher and file of a rationale pool."""

    HEADING: ClassVar[str] = "Rationales"

    rounds: Annotated[
        int, typer.Option(min=1, help="Maximum requests per question; only rejected rationales are retried.")
    ] = 5
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Use only N pool questions; with --for-split, the neighbours of N of its questions. Default: all.",
            show_default=False,
        ),
    ] = None
    for_split: Annotated[
        str | None,
        typer.Option(
            metavar="SPLIT",
            help="Use only pool questions that are neighbours of this split's questions: dev or test.",
            show_default=False,
        ),
    ] = None
    neighbours: Annotated[int, typer.Option(min=1, help="Neighbours per question, with --for-split.")] = 10
    embedder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Embedder, with --for-split: a sentence-transformers model or path, or litellm:MODEL. Default: an "
            "offline MiniLM.",
            show_default=False,
        ),
    ] = None
    embedder_api_base: Annotated[
        str | None, typer.Option(metavar="URL", help="Base URL of a litellm: embedder.", show_default=False)
    ] = None
    rationale_from: Annotated[
        str,
        typer.Option(
            metavar="answer|thoughts|auto",
            help="Source of rationales: the answer, the thoughts of a model that thinks (at most their last 300 words, "
            "and only if they end on the letter of the answer), or auto (the answer if it reasons, else the thoughts).",
        ),
    ] = "auto"
    template: Annotated[
        str,
        typer.Option(
            help="Prompt template: chat, chat-user (no system message), plain (text for base models), or auto (plain "
            "for base models, else chat)."
        ),
    ] = "auto"
    teacher_api_base: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="Base URL of a teacher that is not --model. Repeat it for each replica.",
            show_default=False,
        ),
    ] = None
    teacher_api_key: Annotated[
        str | None,
        typer.Option(
            envvar="OPENMEDLM_TEACHER_API_KEY", show_envvar=True, help="API key of the teacher.", show_default=False
        ),
    ] = None
    file: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE.jsonl",
            help="File of the rationale pool. Default: one per benchmark and teacher, in the user's data directory.",
            show_default=False,
        ),
    ] = None
