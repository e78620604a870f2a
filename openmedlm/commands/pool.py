import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from openmedlm.options import CallOptions, DataOptions, ModelOptions, Output, PoolOptions, PreviewOptions, takes
from openmedlm.printing import NOT_ADVICE, print_json, wide_console
from optimizers.rationales import PoolReport


@takes(Output, ModelOptions, DataOptions, CallOptions, PreviewOptions, PoolOptions)
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
    from openmedlm.planned_lesson import estimate_lesson, plan_lesson
    from openmedlm.progress import Progress
    from openmedlm.rationale_writing import teach
    from openmedlm.teaching import DATASET, explained
    from optimizers.rationales import report

    if data.teacher == DATASET:
        _print_explained(output, *explained(data))
        return
    lesson = plan_lesson(model, data, calls, options, output.seed)
    if preview.dry_run:
        estimated = estimate_lesson(lesson)
        if output.json:
            print_json({"dry_run": True, **estimated})
        else:
            for name, value in estimated.items():
                print(f"{name.replace('_', ' ')}: {'unknown' if value is None else format(value, ',')}")
        return
    taught, errors = teach(lesson, Progress())
    result = report(taught, lesson.questions, lesson.rounds)
    if output.json:
        who = {"benchmark": data.benchmark, "teacher": lesson.endpoint.model, "file": str(lesson.file)}
        print_json(who | asdict(result) | {"errors": len(errors)})
    else:
        console = wide_console()
        title = f"Rationales of {lesson.endpoint.model} for {len(lesson.questions):,} questions of {data.benchmark}"
        console.print(_table(title, result))
        console.print(_remarks(result, lesson.file), highlight=False)
    for cause, count in Counter(errors).most_common(5):
        print(f"{count:,} questions could not be asked: {cause}; the same command asks them again", file=sys.stderr)
    if result.not_asked or result.unfinished or errors:
        raise typer.Exit(3)


def _table(title: str, result: PoolReport) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for heading in ("round", "asked", "kept", "share", "by guessing", "no letter"):
        table.add_column(heading, justify="right")
    for r in result.rounds:
        share = f"{r.kept / r.asked:.1%}"
        guessing = f"{r.expected_by_guessing:.1f}"
        table.add_row(str(r.number), f"{r.asked:,}", f"{r.kept:,}", share, guessing, str(r.unread))
    return table


def _remarks(result: PoolReport, file: Path) -> str:
    cost = "unknown cost" if result.cost_usd is None else f"${result.cost_usd:,.3f}"
    hard = ", ".join(result.never_right[:5]) + (", …" if len(result.never_right) > 5 else "")
    lines = [
        f"Kept: {result.kept:,} of {result.questions:,}, for {result.calls:,} completions, {result.prompt_tokens:,} "
        f"tokens in, {result.completion_tokens:,} out, {cost}.",
        f"Never right: {len(result.never_right):,}{f' ({hard})' if hard else ''}.",
        '"By guessing" is what a teacher that draws its letters would have had kept: a rationale that was kept in a '
        "late round, or by a teacher not far above that, may be right by chance.",
        f"The pool: {file}",
        NOT_ADVICE,
    ]
    return "\n".join(lines)


def _print_explained(output: Output, questions: int, usable: int, other_letter: int) -> None:
    if output.json:
        counts = {"questions": questions, "kept": usable, "closing_on_another_letter": other_letter}
        print_json({"teacher": "dataset", **counts})
        return
    print(f"{usable:,} of {questions:,} pool questions have an explanation of the benchmark's own that can be shown.")
    if other_letter:
        print(f"{other_letter:,} more close on another letter than the gold one, and are left out.")
    print("Nothing has to be built: compile, ladder and evaluate take them with --teacher dataset.")
