import sys
from collections import Counter
from dataclasses import asdict

import typer

from openmedlm.options.groups import CallOptions, DataOptions, ModelOptions, Output, PoolOptions, PreviewOptions
from openmedlm.options.with_options import with_options
from openmedlm.terminal.console import count_noun, in_one_line, print_json, wide_console


@with_options(Output, ModelOptions, DataOptions, CallOptions, PreviewOptions, PoolOptions)
def pool(
    output: Output,
    model: ModelOptions,
    data: DataOptions,
    calls: CallOptions,
    preview: PreviewOptions,
    options: PoolOptions,
) -> None:
    """Has a teacher, the model itself unless --teacher names another, reason on pool questions, and keeps what ends
    on the right letter.

    The rest is asked again, up to --rounds times, at rising temperature and with the options in another order.
    Completions are kept as they come: stop at any time, and the same command goes on from there. compile, ladder and
    evaluate then show these rationales.

    Example: openmedlm pool -b medmcqa -m local/qwen2.5-coder-1.5b --data-dir sample
    """
    from openmedlm.optimizers.rationales import report
    from openmedlm.rationales.plan import estimate_rationales, plan_rationales
    from openmedlm.rationales.report import pool_remarks, pool_table
    from openmedlm.rationales.run import run_rationale_job
    from openmedlm.rationales.trainset import DATASET, explained
    from openmedlm.terminal.progress import Progress

    if data.teacher == DATASET:
        _print_explained(output, *explained(data))
        return
    job = plan_rationales(model, data, calls, options, output.seed)
    if preview.dry_run:
        estimated = estimate_rationales(job)
        if output.json:
            print_json({"dry_run": True, **estimated})
        else:
            for name, value in estimated.items():
                print(f"{name.replace('_', ' ')}: {'unknown' if value is None else format(value, ',')}")
        return
    taught, errors = run_rationale_job(job, Progress())
    result = report(taught, job.questions, job.rounds)
    if output.json:
        who = {"benchmark": data.benchmark, "teacher": job.calls.endpoint.model, "file": str(job.file)}
        print_json(who | asdict(result) | {"errors": len(errors)})
    else:
        console = wide_console()
        title = f"Rationales of {job.calls.endpoint.model} for {len(job.questions):,} questions of {data.benchmark}"
        console.print(pool_table(title, result))
        console.print(pool_remarks(result, job.file), highlight=False)
    for cause, count in Counter(errors).most_common(5):
        print(
            f"{count_noun(count, 'question')} could not be asked: {in_one_line(cause)}; the same command asks again",
            file=sys.stderr,
        )
    if result.not_asked or result.unfinished or errors:
        raise typer.Exit(3)


def _print_explained(output: Output, questions: int, usable: int, other_letter: int) -> None:
    if output.json:
        counts = {"questions": questions, "kept": usable, "closing_on_another_letter": other_letter}
        print_json({"teacher": "dataset", **counts})
        return
    print(f"{usable:,} of {questions:,} pool questions have an explanation of the benchmark's own that can be shown.")
    if other_letter:
        print(f"{other_letter:,} more close on another letter than the gold one, and are left out.")
    print("Nothing has to be built: compile, ladder and evaluate take them with --teacher dataset.")
