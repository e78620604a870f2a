"""The options of `openmedlm tune` that no other command has."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from openmedlm.optimizers.search.defaults import ALPHA, BLOCK
from openmedlm.options.groups import DataOptions, EndpointOptions, FixedProgramOptions, RequestOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsOptions(EndpointOptions):
    """Which models, and where; an address that one has to itself stands in the space file."""

    model: Annotated[
        list[str],
        typer.Option(
            "--model",
            "-m",
            help="As for evaluate; given several times, each model has a study of its own, and a table compares them.",
            show_default=False,
        ),
    ]


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What is searched, and how."""

    trials: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Configurations to try. Default: a quarter as many as dev questions, but 60 at least and 150 at most.",
            show_default=False,
        ),
    ] = None
    space: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.yaml",
            help="What may be chosen, by parameter: a list, or {low, high, step}; under 'models', by model.",
            show_default=False,
        ),
    ] = None
    objective: Annotated[
        str,
        typer.Option(help="accuracy; cost, of a right answer; or both: the Pareto front, every program of it frozen."),
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
            help="Level of the test at the first question; twice that at the last.",
        ),
    ] = ALPHA
    tune_share: Annotated[
        float | None,
        typer.Option(
            min=0.05,
            max=0.95,
            help="Share of dev that ranks configurations; the rest chooses among the best of them. Default: 0.3, "
            "and at least 100 questions, or half.",
            show_default=False,
        ),
    ] = None
    block: Annotated[
        int, typer.Option(min=1, help="Questions before a configuration is judged for the first time.")
    ] = BLOCK
    limit: Annotated[
        int | None,
        typer.Option(min=2, help="Tune on N dev questions only, as evaluate draws them.", show_default=False),
    ] = None


@dataclass(frozen=True, slots=True)
class BudgetOptions:
    """What may be spent on each model.

    A limit is passed by no more than what is in flight, and the best so far is still frozen.
    """

    max_calls: Annotated[
        int | None,
        typer.Option(min=1, help="Completions to buy for a model, at most; a study that goes on counts on."),
    ] = None
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens to buy for a model, at most, read and written.")
    ] = None
    cost_limit: Annotated[float | None, typer.Option(min=0.0, help="US dollars to spend on a model, at most.")] = None
    timeout: Annotated[float | None, typer.Option(min=1, help="Seconds for a model, at most, in this run.")] = None


@dataclass(frozen=True, slots=True)
class StudyOptions:
    """Where the study is kept."""

    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="OPENMEDLM_STORAGE",
            show_envvar=True,
            help="An Optuna storage: sqlite:///FILE, postgresql://USER@HOST/NAME or journal:FILE. Workers that name "
            "the same one share the study. Default: study.db in the output directory.",
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
            min=1, help="Processes that search the study on this machine; they share --max-concurrency among them."
        ),
    ] = 1


class TuneOptions(NamedTuple):
    """All that the command line says of studies."""

    models: ModelsOptions
    data: DataOptions
    search: SearchOptions
    budget: BudgetOptions
    study: StudyOptions
    settled: FixedProgramOptions
    spend: RequestOptions
    seed: int
    directory: Path
