from pathlib import Path
from typing import Annotated

import typer

from openmedlm.options.groups import (
    DataOptions,
    ModelOptions,
    Output,
    PreviewOptions,
    ProgramOptions,
    RequestOptions,
    SplitOptions,
    TrackingOptions,
)
from openmedlm.options.with_options import with_options


@with_options(
    Output, ModelOptions, DataOptions, SplitOptions, ProgramOptions, RequestOptions, PreviewOptions, TrackingOptions
)
def evaluate(
    output: Output,
    model: ModelOptions,
    data: DataOptions,
    split: SplitOptions,
    program: ProgramOptions,
    spend: RequestOptions,
    preview: PreviewOptions,
    tracking: TrackingOptions,
    programs: Annotated[
        list[str],
        typer.Argument(
            metavar="PROGRAM…",
            help="Directories of frozen programs, or strategies: zero-shot, few-shot, cot, few-shot-cot, knn-few-shot, "
            "knn-cot, ensemble.",
        ),
    ],
    run: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="RUN", help="Directory to write the run to.")
    ] = None,
) -> None:
    """Runs programs over a split and says how many answers were right, with intervals, calls and tokens.

    Example: openmedlm evaluate zero-shot cot -b medqa --split dev -m local/qwen2.5-coder-0.5b --data-dir sample
    """
    from openmedlm.cli.run_strategies import report_runs

    report_runs(programs, output, model, data, split, program, spend, preview, tracking, run, lenient=False)
