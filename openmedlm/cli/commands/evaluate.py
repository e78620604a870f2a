from pathlib import Path
from typing import Annotated

import typer

from openmedlm.options import EvaluateOptions, with_options


@with_options(EvaluateOptions)
def evaluate(
    options: EvaluateOptions,
    programs: Annotated[
        list[str],
        typer.Argument(
            metavar="PROGRAM…",
            help="Directories of frozen programs, or strategies: zero-shot, few-shot, cot, few-shot-cot, knn-few-shot, "
            "knn-cot, ensemble.",
        ),
    ],
    run: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="RUN", help="Directory of the run. Default: none is written."),
    ] = None,
) -> None:
    """Evaluate programs on a split: accuracy with 95 % intervals, calls, tokens and cost.

    Every completion is saved before it is used; an interrupted command resumes when it is rerun.

    Example: openmedlm evaluate zero-shot cot -b medqa --split dev -m local/qwen2.5-coder-0.5b --data-dir sample
    """
    from openmedlm.cli.run_strategies import run_strategies

    run_strategies(programs, options, run)
