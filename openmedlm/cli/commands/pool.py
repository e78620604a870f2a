import sys
from collections import Counter
from dataclasses import asdict

import typer

from openmedlm.options import (
    CallOptions,
    CompletionOptions,
    DataOptions,
    ModelOptions,
    Output,
    PreviewOptions,
    with_options,
)
from openmedlm.options.pool import PoolOptions
from openmedlm.terminal.console import count_noun, one_line, print_json, wide_console


@with_options(Output, ModelOptions, DataOptions, PoolOptions, CompletionOptions, CallOptions, PreviewOptions)
def pool(
    output: Output,
    model: ModelOptions,
    data: DataOptions,
    options: PoolOptions,
    completions: CompletionOptions,
    calls: CallOptions,
    preview: PreviewOptions,
) -> None:
    """Generate rationales for pool questions, and keep those that end on the correct letter.

    The model itself writes them unless --teacher names another model. Wrong and unparsed answers are retried in up to
    --rounds rounds, at rising temperature and with shuffled options. The rationale of a model that thinks is the
    reasoning in its answer, or else the end of its thoughts. Every completion is saved before it is used; an
    interrupted command resumes when it is rerun. The strategies with rationales then show them.

    Example: openmedlm pool -b medmcqa -m local/qwen2.5-coder-1.5b --data-dir sample
    """
    from openmedlm.cli.run_strategies import MAX_CAUSES, UNANSWERED
    from openmedlm.optimizers.rationales import report
    from openmedlm.rationales.plan import estimate_rationales, plan_rationales
    from openmedlm.rationales.report import describe_rejections, pool_estimate, pool_notes, pool_table
    from openmedlm.rationales.run import run_rationale_job
    from openmedlm.rationales.trainset import DATASET, count_explanations
    from openmedlm.terminal.progress import Progress

    if data.teacher == DATASET:
        _print_explanations(output, *count_explanations(data))
        return
    job = plan_rationales(model, data, calls, completions, options, output.seed)
    if preview.dry_run:
        estimated = estimate_rationales(job)
        if output.json:
            print_json({"dry_run": True, **estimated})
        else:
            print(pool_estimate(estimated))
        return
    rationales, errors = run_rationale_job(job, Progress())
    result = report(rationales, job.questions, job.rounds)
    if output.json:
        source = {"benchmark": data.benchmark, "teacher": job.calls.endpoint.model, "file": str(job.file)}
        print_json(source | asdict(result) | {"errors": len(errors)})
    else:
        console = wide_console()
        size = count_noun(len(job.questions), "question")
        title = f"Rationales of {job.calls.endpoint.model} for {size} of {data.benchmark}"
        console.print(pool_table(title, result))
        console.print(pool_notes(result, job.file), highlight=False)
    if not result.kept and result.rejected:
        print(describe_rejections(result, job.rationale_from), file=sys.stderr)
    for cause, count in Counter(errors).most_common(MAX_CAUSES):
        print(
            f"{count_noun(count, 'question')} failed: {one_line(cause)}. Rerun the same command to retry.",
            file=sys.stderr,
        )
    if result.not_asked or result.unfinished or errors:
        raise typer.Exit(UNANSWERED)


def _print_explanations(output: Output, questions: int, usable: int, other_letter: int) -> None:
    if output.json:
        counts = {"questions": questions, "kept": usable, "closing_on_another_letter": other_letter}
        print_json({"teacher": "dataset", **counts})
        return
    print(f"Pool questions with a usable explanation from the benchmark: {usable:,} of {questions:,}.")
    if other_letter:
        print(f"Explanations that end on another letter than the correct one, not used: {other_letter:,}.")
    print("No pool has to be generated: compile, ladder and evaluate use the explanations with --teacher dataset.")
