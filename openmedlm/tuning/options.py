"""Options of `openmedlm tune` that no other command has."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, NamedTuple

import typer

from openmedlm.optimizers.search.defaults import BLOCK_QUESTIONS, PRUNING_ALPHA
from openmedlm.options import DataOptions, EndpointOptions, FixedProgramOptions, RequestOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsOptions(EndpointOptions):
    """Models to tune and their endpoint; the space file may give a model an address of its own."""

    model: Annotated[
        list[str],
        typer.Option(
            "--model",
            "-m",
            help="Model, as for evaluate. Repeat it to tune several models, each in a study of its own, and compare "
            "them in a table.",
            show_default=False,
        ),
    ]


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Settings of the search."""

    HEADING: ClassVar[str] = "Search"

    trials: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Number of configurations to try. Default: a quarter of the dev questions, between 60 and 150.",
            show_default=False,
        ),
    ] = None
    space: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.yaml",
            help="Search space: for each parameter a list or {low, high, step}; under 'models', by model.",
            show_default=False,
        ),
    ] = None
    objective: Annotated[
        str,
        typer.Option(
            help="accuracy; cost (per correct answer); or both: the Pareto front, with every program of it frozen."
        ),
    ] = "accuracy"
    sampler: Annotated[str, typer.Option(help="tpe (multivariate, grouped), random or grid.")] = "tpe"
    pruner: Annotated[
        str, typer.Option(help="racing (exact paired test against the best), wilcoxon, hyperband, median or none.")
    ] = "racing"
    alpha: Annotated[
        float,
        typer.Option(
            min=0.001,
            max=0.999,
            help="Level of the pruner's test at the first question; it rises to twice this at the last.",
        ),
    ] = PRUNING_ALPHA
    search_share: Annotated[
        float | None,
        typer.Option(
            "--search-share",
            "--tune-share",
            min=0.05,
            max=0.95,
            help="Share of dev in the search set, which ranks configurations; the rest, the holdout set, picks the "
            "winner. Default: 0.3, and at least 100 questions or half of dev.",
            show_default=False,
        ),
    ] = None
    block: Annotated[int, typer.Option(min=1, help="Number of questions before a configuration is first tested.")] = (
        BLOCK_QUESTIONS
    )
    limit: Annotated[
        int | None,
        typer.Option(min=2, help="Number of dev questions, subsampled as in evaluate.", show_default=False),
    ] = None


@dataclass(frozen=True, slots=True)
class BudgetOptions:
    """Limits for each model.

    Only requests that are in flight can exceed a limit, and the best program so far is frozen.
    """

    HEADING: ClassVar[str] = "Budget"

    max_calls: Annotated[
        int | None,
        typer.Option(min=1, help="Maximum API calls per model; a resumed study keeps its count."),
    ] = None
    token_limit: Annotated[int | None, typer.Option(min=1, help="Maximum input and output tokens per model.")] = None
    cost_limit: Annotated[float | None, typer.Option(min=0.0, help="Maximum cost per model, in US dollars.")] = None
    timeout: Annotated[
        float | None, typer.Option(min=1, help="Maximum duration per model, in seconds of this run.")
    ] = None


@dataclass(frozen=True, slots=True)
class StudyOptions:
    """Storage of the study."""

    HEADING: ClassVar[str] = "Study"

    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="OPENMEDLM_STORAGE",
            show_envvar=True,
            help="Optuna storage: sqlite:///FILE, postgresql://USER@HOST/NAME or journal:FILE. Workers with the same "
            "storage share the study. Default: study.db in the output directory.",
            show_default=False,
        ),
    ] = None
    study: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name of the study. Default: MODEL on BENCHMARK.", show_default=False),
    ] = None
    workers: Annotated[
        int,
        typer.Option(
            min=1, help="Number of processes on this machine that search the study; they share --max-concurrency."
        ),
    ] = 1


class TuneOptions(NamedTuple):
    """All options of the command."""

    models: ModelsOptions
    data: DataOptions
    search: SearchOptions
    budget: BudgetOptions
    study: StudyOptions
    program: FixedProgramOptions
    requests: RequestOptions
    seed: int
    directory: Path
