"""Options of a model and its endpoint."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import typer


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOptions:
    """Address of a model."""

    HEADING: ClassVar[str] = "Model"

    api_base: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="Base URL of the endpoint, such as http://127.0.0.1:8000/v1; /v1 may be left out. Repeat it for each "
            "replica of the model.",
            show_default=False,
        ),
    ] = None
    model_id: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name of the model in cache keys, for a server whose address changes. Default: the model string and "
            "the first base URL.",
            show_default=False,
        ),
    ] = None
    api_key: Annotated[
        str | None,
        typer.Option(
            envvar="OPENMEDLM_API_KEY",
            show_envvar=True,
            show_default=False,
            help="API key of the endpoint. Prefer the environment variable: a process list does not show it.",
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOptions(EndpointOptions):
    """Model and its address."""

    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="litellm model string (hosted_vllm/NAME, ollama_chat/NAME, openai/NAME), local/NAME for an embedded "
            "model, or with --api-base the name that the server lists. Default: the frozen program's model.",
            show_default=False,
        ),
    ] = None
