from pathlib import Path
from typing import Annotated

import typer

from openmedlm.options import (
    DataOptions,
    FixedProgramOptions,
    Output,
    PreviewOptions,
    RequestOptions,
    TrackingOptions,
    with_options,
)
from openmedlm.terminal.console import print_json
from openmedlm.tuning.options import BudgetOptions, ModelsOptions, SearchOptions, StudyOptions, TuneOptions


@with_options(
    Output,
    ModelsOptions,
    DataOptions,
    SearchOptions,
    BudgetOptions,
    StudyOptions,
    FixedProgramOptions,
    RequestOptions,
    PreviewOptions,
    TrackingOptions,
)
def tune(
    output: Output,
    models: ModelsOptions,
    data: DataOptions,
    search: SearchOptions,
    budget: BudgetOptions,
    study: StudyOptions,
    program: FixedProgramOptions,
    requests: RequestOptions,
    preview: PreviewOptions,
    tracking: TrackingOptions,
    directory: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="Directory for the frozen program, study and results."),
    ],
    test: Annotated[
        bool, typer.Option("--test", help="Evaluate the winner and the baseline once on the test split at the end.")
    ] = False,
) -> None:
    """Search strategy, k, temperature, ensemble size and more for a model, and freeze the best program within a budget.

    Trials with identical requests share completions. A trial is pruned once it is significantly worse than the best.
    Every completion is saved at once: interrupt at any time, and rerun the same command to resume.

    Example: openmedlm tune -b mmlu -m local/qwen2.5-coder-1.5b --data-dir sample --max-calls 500 -o tuned
    """
    from openmedlm.cli.run_strategies import UNANSWERED, open_tracker
    from openmedlm.terminal.progress import Progress
    from openmedlm.tuning.estimate import estimate_study
    from openmedlm.tuning.plan import plan_studies
    from openmedlm.tuning.run import tune as run
    from openmedlm.tuning.table import print_estimates, print_result, print_table
    from openmedlm.tuning.worker import start_workers

    options = TuneOptions(models, data, search, budget, study, program, requests, output.seed, directory)
    plans = plan_studies(options)
    if preview.dry_run:
        estimates = [estimate_study(plan) for plan in plans]
        if output.json:
            print_json({"dry_run": True, "studies": [each.as_json() for each in estimates]})
        else:
            print_estimates(estimates)
        return
    tracker = open_tracker(tracking)
    results = []
    for plan in plans:
        workers = min(study.workers, plan.calls.policy.concurrency)
        helpers = start_workers(options, plan.study, workers)
        results.append(run(plan, Progress(), test=test, helpers=helpers, workers=workers))
        if not output.json:
            print_result(plan, results[-1])
    if output.json:
        print_json(results[0].as_json() if len(results) == 1 else {"studies": [each.as_json() for each in results]})
    elif len(results) > 1:
        print_table(results)
    if tracker is not None:
        from openmedlm.tracking.mlflow import track_study

        for result in results:
            track_study(tracker, result)
    chosen = [result.choice.holdout for result in results]
    if any(summary is not None and summary.unanswered + summary.errors for summary in chosen):
        raise typer.Exit(UNANSWERED)
