"""The options of `openmedlm tune` that no other command has."""

from dataclasses import dataclass
from typing import Annotated

import typer

from optimizers.tuning.defaults import ALPHA, BLOCK


@dataclass(frozen=True, slots=True)
class ModelsOptions:
    """Which models, and where."""

    model: Annotated[
        list[str],
        typer.Option(
            "--model",
            "-m",
            help="As for evaluate; given several times, each model has a study of its own, and a table compares them.",
            show_default=False,
        ),
    ]
    api_base: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Address of the endpoint, such as http://127.0.0.1:8000/v1; one that a model has to itself stands in "
            "the --space file.",
        ),
    ] = None
    model_id: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name of the model in the vote store, as for evaluate; for one model.",
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
            help="An Optuna storage: sqlite:///FILE, postgresql://USER@HOST/NAME or journal:FILE. Workers that name "
            "the same one share the study. Default: study.db in the output directory.",
            show_default=False,
        ),
    ] = None
    study: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name of the study. Default: MODEL on BENCHMARK.", show_default=False),
    ] = None


@dataclass(frozen=True, slots=True)
class SettledOptions:
    """What no configuration changes."""

    max_completion_tokens: Annotated[
        int | None,
        typer.Option(min=1, help="In place of 32 for a direct answer and 500 for reasoning.", show_default=False),
    ] = None
    top_k: Annotated[int | None, typer.Option(min=1, help="Not every endpoint takes it.", show_default=False)] = None
    template: Annotated[str, typer.Option(help="As for evaluate.")] = "auto"
    embedder_api_base: Annotated[
        str | None, typer.Option(metavar="URL", help="Address of a litellm: embedder.", show_default=False)
    ] = None
    index: Annotated[
        str, typer.Option(help="How neighbours are found: exact, or hnsw for pools of 100,000 questions or more.")
    ] = "exact"
    balance: Annotated[
        bool, typer.Option(help="Permute the options of nearest exemplars so that answer letters are spread evenly.")
    ] = True
