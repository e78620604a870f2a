"""Options that several commands share, in groups, each with its default and its help text."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from openmedlm.options.config_file import read_config

MAX_SEED = 2**63 - 1
"""Largest seed that JSON and the completion cache can hold."""


@dataclass(frozen=True, slots=True)
class Output:
    """Options of every command."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOptions:
    """Address of a model."""

    api_base: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="Base URL of the endpoint, such as http://127.0.0.1:8000/v1. Repeat it for each replica of the model.",
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
            help="litellm model string (hosted_vllm/NAME, ollama_chat/NAME, openai/NAME), or local/NAME for an "
            "embedded model. Default: the frozen program's model.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class DataOptions:
    """Benchmark and its exemplar pool."""

    benchmark: Annotated[
        str,
        typer.Option("--benchmark", "-b", help="medqa, medmcqa, pubmedqa, mmlu, or the name of imported questions."),
    ]
    data_dir: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Directory with <benchmark>/<split>.jsonl files; 'sample' for the embedded sample. Default: the "
            "Hugging Face hub.",
            show_default=False,
        ),
    ] = None
    pool: Annotated[
        str | None,
        typer.Option(
            metavar="BENCHMARK", help="Benchmark whose pool gives exemplars. Default: --benchmark.", show_default=False
        ),
    ] = None
    teacher: Annotated[
        str,
        typer.Option(
            metavar="TEACHER",
            help="Source of rationales: a model, a pool file, 'dataset' for the benchmark's explanations, or 'auto' "
            "for the model's own pool, else the explanations.",
        ),
    ] = "auto"


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """Questions of a benchmark that are answered."""

    split: Annotated[str, typer.Option(help="dev, test or pool. Use test only for final results.")] = "dev"
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Answer only N questions. A larger N includes those of a smaller N. Default: all.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class FixedProgramOptions:
    """Program options that tuning does not search."""

    max_completion_tokens: Annotated[
        int | None,
        typer.Option(
            "--max-tokens",
            "--max-completion-tokens",
            min=1,
            help="Maximum tokens of a completion. Default: 32, or 500 for chain-of-thought strategies.",
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


@dataclass(frozen=True, slots=True)
class CallOptions:
    """Options of the calls to an endpoint."""

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


@dataclass(frozen=True, slots=True)
class PreviewOptions:
    """Estimate before any request is sent."""

    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the estimated calls, tokens and cost; send no request.")
    ] = False


@dataclass(frozen=True, slots=True)
class TrackingOptions:
    """Experiment tracking."""

    mlflow: Annotated[
        str | None,
        typer.Option(
            metavar="URI",
            help="Log parameters, metrics and programs to MLflow: a server URL, sqlite:///FILE or a directory.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOptions:
    """All options of a command that runs programs over questions."""

    output: Output = field(default_factory=Output)
    model: ModelOptions
    data: DataOptions
    split: SplitOptions
    program: ProgramOptions
    requests: RequestOptions
    preview: PreviewOptions = field(default_factory=PreviewOptions)
    tracking: TrackingOptions = field(default_factory=TrackingOptions)
