from pathlib import Path
from typing import Annotated

import typer

from openmedlm.options import (
    DataOptions,
    EvaluateOptions,
    ModelOptions,
    Output,
    PreviewOptions,
    ProgramOptions,
    RequestOptions,
    SplitOptions,
    TrackingOptions,
    with_options,
)
from openmedlm.terminal.console import print_json, strip_control_characters


@with_options(Output, ModelOptions, DataOptions, ProgramOptions, RequestOptions, PreviewOptions, TrackingOptions)
def compile(
    output: Output,
    model: ModelOptions,
    data: DataOptions,
    program: ProgramOptions,
    requests: RequestOptions,
    preview: PreviewOptions,
    tracking: TrackingOptions,
    strategy: Annotated[
        str,
        typer.Option(
            "--strategy", "-s", help="zero-shot, few-shot, cot, few-shot-cot, knn-few-shot, knn-cot or ensemble."
        ),
    ],
    directory: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Directory of the frozen program.")],
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Evaluate on only N dev questions. Default: all.", show_default=False),
    ] = None,
    score: Annotated[bool, typer.Option(help="Evaluate the program on dev and record the result in it.")] = True,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace another frozen program in the output directory.")
    ] = False,
) -> None:
    """Compile a strategy for a model and a benchmark, and freeze it.

    The frozen program is a directory that renders the same prompts years later; a checksum verifies every file, and
    loading it runs no code.

    Example: openmedlm compile -s knn-cot -b mmlu -m local/qwen2.5-coder-0.5b --data-dir sample -o program
    """
    from openmedlm.cli.run_strategies import UNANSWERED, open_tracker, print_estimates
    from openmedlm.optimizers import STRATEGIES
    from openmedlm.runs.compile import can_replace, freeze_plan
    from openmedlm.runs.execute import execute
    from openmedlm.runs.plan import plan
    from openmedlm.terminal.progress import Progress
    from openmedlm.utils.choices import check_choice

    check_choice(strategy, STRATEGIES, "strategy")
    options = EvaluateOptions(
        output=output,
        model=model,
        data=data,
        split=SplitOptions(split="dev", limit=limit),
        program=program,
        requests=requests,
    )
    planned = plan([strategy], options)
    if preview.dry_run:
        print_estimates(planned, output)
        return
    tracker = open_tracker(tracking)
    replace = can_replace(directory, planned, strategy, replace=replace)
    summary = execute(planned, Progress()).results[0].summary if score else None
    frozen = freeze_plan(planned, strategy, summary, directory, replace=replace)
    document = frozen.document
    if output.json:
        described = document.model_dump(mode="json", include={"strategy", "model", "benchmark", "dev", "sha256"})
        print_json({"program": str(directory), **described})
    else:
        card = (directory / "README.md").read_text(encoding="utf-8")
        print(strip_control_characters(card))
        print(f"Frozen program: {directory}, sha256 {document.sha256}")
    if tracker is not None:
        from openmedlm.tracking.mlflow import track_program

        track_program(tracker, planned, strategy, summary, directory)
    if summary is not None and (summary.unanswered or summary.errors):
        raise typer.Exit(UNANSWERED)
