"""The options that commands share, in groups, each with its default and its help."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from openmedlm.options.config_file import read_config

LARGEST_SEED = 2**63 - 1
"""What JSON and the vote store can hold."""


@dataclass(frozen=True, slots=True)
class Output:
    """What every command takes."""

    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, and nothing else there.")] = (
        False
    )
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Seed of everything random.")] = 0
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.yaml",
            help="Options from a file, by their long names; the command line wins.",
            callback=read_config,
            is_eager=True,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOptions:
    """Where a model is."""

    api_base: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="Address of the endpoint, such as http://127.0.0.1:8000/v1; once for each replica that serves the "
            "model.",
            show_default=False,
        ),
    ] = None
    model_id: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name of the model in the vote store, for a server that moves; without it, the model string and the "
            "first address.",
            show_default=False,
        ),
    ] = None
    api_key: Annotated[
        str | None,
        typer.Option(
            envvar="OPENMEDLM_API_KEY",
            show_envvar=True,
            show_default=False,
            help="Key of the endpoint; better given by the environment, where no process list shows it.",
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOptions(EndpointOptions):
    """Which model, and where."""

    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="Any litellm model string (hosted_vllm/01-ai/Yi-34B, ollama_chat/…, openai/…), or local/NAME for an "
            "embedded model (see: openmedlm models). Frozen programs name their own.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class DataOptions:
    """Which questions."""

    benchmark: Annotated[
        str,
        typer.Option("--benchmark", "-b", help="medqa, medmcqa, pubmedqa, mmlu, or the name of imported questions."),
    ]
    data_dir: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Benchmarks as local files DIR/<benchmark>/<official split>.jsonl; 'sample' for the "
            "embedded sample. Without it they come from the Hugging Face hub.",
        ),
    ] = None
    pool: Annotated[
        str | None, typer.Option(metavar="BENCHMARK", help="Take exemplars from another benchmark's pool.")
    ] = None
    teacher: Annotated[
        str,
        typer.Option(
            metavar="TEACHER",
            help="Whose rationales exemplars show: a model that built a pool of them (see: openmedlm pool), the file "
            "of such a pool, or 'dataset' for the benchmark's own explanations; auto takes the model's own pool where "
            "there is one, else the explanations.",
        ),
    ] = "auto"


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """Which of a benchmark's questions are answered."""

    split: Annotated[str, typer.Option(help="dev, test or pool; test is to be looked at last.")] = "dev"
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Answer N questions only, always the same; a larger N keeps those of a smaller one."),
    ] = None


@dataclass(frozen=True, slots=True)
class FixedProgramOptions:
    """What a strategy leaves open and no search decides."""

    max_completion_tokens: Annotated[
        int | None,
        typer.Option(min=1, help="In place of 32 for a direct answer and 500 for reasoning.", show_default=False),
    ] = None
    top_k: Annotated[int | None, typer.Option(min=1, help="Not every endpoint takes it.", show_default=False)] = None
    template: Annotated[
        str,
        typer.Option(
            help="chat, chat-user (for models that refuse a system message), plain (one text for /v1/completions, for "
            "base models), or auto."
        ),
    ] = "auto"
    embedder_api_base: Annotated[
        str | None, typer.Option(metavar="URL", help="Address of a litellm: embedder.", show_default=False)
    ] = None
    index: Annotated[
        str, typer.Option(help="How neighbours are found: exact, or hnsw for pools of 100,000 questions or more.")
    ] = "exact"
    balance: Annotated[
        bool, typer.Option(help="Permute the options of nearest exemplars so that answer letters are spread evenly.")
    ] = True


@dataclass(frozen=True, slots=True)
class ProgramOptions(FixedProgramOptions):
    """What a strategy leaves open."""

    k: Annotated[int, typer.Option("--k", "-k", min=0, help="Exemplars in the prompt.")] = 5
    votes: Annotated[int, typer.Option(min=1, help="Size of the ensemble.")] = 5
    member: Annotated[str, typer.Option(metavar="STRATEGY", help="Strategy whose votes the ensemble counts.")] = (
        "knn-cot"
    )
    shuffle: Annotated[
        bool, typer.Option(help="Show each vote after the ensemble's first the options in another order.")
    ] = True
    temperature: Annotated[
        float | None,
        typer.Option(min=0.0, max=2.0, help="In place of 0 (of 0.8 for the ensemble's votes).", show_default=False),
    ] = None
    top_p: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="In place of the endpoint's own (0.8 for votes).", show_default=False),
    ] = None
    embedder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="sentence-transformers model, by name or path, or litellm:MODEL; without it an offline MiniLM.",
            show_default=False,
        ),
    ] = None
    order: Annotated[
        str, typer.Option(help="How nearest exemplars stand: nearest-last, next to the question, or nearest-first.")
    ] = "nearest-last"
    instructions: Annotated[
        str | None, typer.Option(metavar="TEXT", help="In place of the strategies' own.", show_default=False)
    ] = None


@dataclass(frozen=True, slots=True)
class CallOptions:
    """How calls are made."""

    max_concurrency: Annotated[
        int | None,
        typer.Option(
            min=1, help="Requests in flight at once. Default: 16; an embedded model's slots.", show_default=False
        ),
    ] = None
    max_retries: Annotated[int, typer.Option(min=0, help="Retries of one request while the endpoint fails.")] = 5
    call_timeout: Annotated[float, typer.Option(min=1, help="Seconds that one call may take.")] = 600.0
    store: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL",
            envvar="OPENMEDLM_STORE",
            show_envvar=True,
            help="The vote store: a file, or postgresql://USER@HOST/NAME for many machines. Default: one for all runs, "
            "in the user's data folder.",
            show_default=False,
        ),
    ] = None
    engine: Annotated[
        str, typer.Option(metavar="local|ray", help="Who answers: this process, or workers of a Ray cluster.")
    ] = "local"
    ray_address: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Of the cluster, as ray.init takes it. Default: RAY_ADDRESS, or one on this machine for the command.",
            show_default=False,
        ),
    ] = None
    ray_workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Of the cluster; they share --max-concurrency. Default: one a CPU.", show_default=False
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class RequestOptions(CallOptions):
    """How votes are bought."""

    on_unparsed: Annotated[
        str,
        typer.Option(
            help="An unparsed vote: 'resample' it, 'constrain' a follow-up request to an option letter, or 'skip' it; "
            "auto constrains where the endpoint supports it and resamples elsewhere."
        ),
    ] = "auto"
    max_resamples: Annotated[int, typer.Option(min=0, help="Further completions for one unparsed vote.")] = 4
    all_votes: Annotated[
        bool, typer.Option("--all-votes", help="Buy every vote, even those that can't change the majority any more.")
    ] = False


@dataclass(frozen=True, slots=True)
class PreviewOptions:
    """Looking before anything is spent."""

    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would cost in calls, tokens and dollars; spend nothing.")
    ] = False


@dataclass(frozen=True, slots=True)
class TrackingOptions:
    """Where results are written down besides."""

    mlflow: Annotated[
        str | None,
        typer.Option(
            metavar="URI",
            help="Write parameters, scores and programs to MLflow too: a server's address, sqlite:///FILE or a folder.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """What a teacher is asked."""

    rounds: Annotated[int, typer.Option(min=1, help="How often a question is asked, at most.")] = 5
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Ask about N pool questions only; with --for-split, about the neighbours of N of its questions, as "
            "evaluate --limit draws them.",
            show_default=False,
        ),
    ] = None
    for_split: Annotated[
        str | None,
        typer.Option(
            metavar="SPLIT",
            help="Ask only about neighbours of this split's questions: dev or test.",
            show_default=False,
        ),
    ] = None
    neighbours: Annotated[int, typer.Option(min=1, help="How many neighbours of each, with --for-split.")] = 10
    embedder: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of the questions, with --for-split; as for compile.", show_default=False),
    ] = None
    embedder_api_base: Annotated[
        str | None, typer.Option(metavar="URL", help="Address of a litellm: embedder.", show_default=False)
    ] = None
    max_completion_tokens: Annotated[int, typer.Option(min=1, help="Room for one rationale.")] = 500
    template: Annotated[str, typer.Option(help="As for evaluate.")] = "auto"
    teacher_api_base: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="Address of the teacher, where it is not the model itself; once for each replica.",
            show_default=False,
        ),
    ] = None
    teacher_api_key: Annotated[
        str | None,
        typer.Option(
            envvar="OPENMEDLM_TEACHER_API_KEY", show_envvar=True, help="The teacher's key.", show_default=False
        ),
    ] = None
    file: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE.jsonl", help="Keep the pool here, and not in the user's data folder."
        ),
    ] = None
