from pathlib import Path
from typing import Annotated

import typer

from openmedlm.options import EvaluateOptions, with_options


@with_options(EvaluateOptions)
def ladder(
    options: EvaluateOptions,
    run: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="RUN", help="Directory of the run. Default: none is written."),
    ] = None,
    strategies: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,…", help="Strategies to run, such as zero-shot,few-shot. Default: all.", show_default=False
        ),
    ] = None,
) -> None:
    """Run every strategy on the same questions, and print the table of the OpenMedLM paper for this model.

    Strategies that show rationales are skipped, with a message, if the pool has none. Every completion is saved before
    it is used; an interrupted command resumes when it is rerun.

    Example: openmedlm ladder -b mmlu -m local/qwen2.5-coder-1.5b --data-dir sample
    """
    from openmedlm.cli.run_strategies import run_strategies
    from openmedlm.optimizers import STRATEGIES

    names = [name.strip() for name in strategies.split(",")] if strategies else list(STRATEGIES)
    run_strategies(names, options, run, skip_missing_rationales=strategies is None)
