"""Options of a benchmark, its exemplar pool and its splits."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import typer


@dataclass(frozen=True, slots=True)
class DataOptions:
    """Benchmark and its exemplar pool."""

    HEADING: ClassVar[str] = "Questions"

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

    HEADING: ClassVar[str] = "Questions"

    split: Annotated[str, typer.Option(help="dev, test or pool. Use test only for final results.")] = "dev"
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Answer only N questions. A larger N includes those of a smaller N. Default: all.",
            show_default=False,
        ),
    ] = None
