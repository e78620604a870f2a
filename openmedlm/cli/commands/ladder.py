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
def ladder(
    output: Output,
    model: ModelOptions,
    data: DataOptions,
    split: SplitOptions,
    program: ProgramOptions,
    spend: RequestOptions,
    preview: PreviewOptions,
    tracking: TrackingOptions,
    run: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="RUN", help="Directory to write the run to.")
    ] = None,
    strategies: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="Only these rungs, such as zero-shot,few-shot.")
    ] = None,
) -> None:
    """Every strategy on the same questions: the paper's table for this model.

    Strategies that the pool can't serve (rationales are shown, and the benchmark has none) are named and left out.
    Every answer is kept as it comes: stop at any time, and the same command goes on from there.

    Example: openmedlm ladder -b mmlu -m local/qwen2.5-coder-1.5b --data-dir sample
    """
    from openmedlm.cli.run_strategies import report_runs
    from openmedlm.optimizers import STRATEGIES

    names = [name.strip() for name in strategies.split(",")] if strategies else list(STRATEGIES)
    report_runs(names, output, model, data, split, program, spend, preview, tracking, run, lenient=strategies is None)
