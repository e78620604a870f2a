"""Command `openmedlm data`: list, show, check and import questions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from openmedlm.cli.option_notices import option_notices
from openmedlm.options import Output, with_options
from openmedlm.terminal.console import SafeConsole, one_line, print_json, wide_console

if TYPE_CHECKING:
    from openmedlm.data import DuplicatePair

MAX_PAIRS_SHOWN = 20
"""Number of duplicate pairs that the terminal output names."""

MAX_IDS_LISTED = 50
"""Number of question ids that an error message may list."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List benchmarks and splits, show a question, find duplicates, import your own questions.",
)

DataDir = Annotated[
    str | None,
    typer.Option(
        metavar="DIR",
        help="Folder with local files, or 'sample' for the embedded sample. Default: the Hugging Face hub.",
        show_default=False,
    ),
]


@app.command("list")
@with_options(Output)
def list_splits(output: Output, data_dir: DataDir = None) -> None:
    """List the benchmarks and their splits, with counts."""
    from openmedlm.data import SPLITS, UserError, available

    splits = available(data_dir)
    if not splits:
        raise UserError(f"{data_dir}: no benchmark. Save questions there as <benchmark>/<official split>.jsonl.")
    names = list(dict.fromkeys(split.benchmark for split in splits))
    if output.json:
        counts = {
            name: {s.split: s.count if s.count is not None else s.official for s in splits if s.benchmark == name}
            for name in names
        }
        print_json({"benchmarks": counts})
        return
    table = Table(title="Number of questions", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("benchmark", *SPLITS, "location"):
        table.add_column(heading, justify="right" if heading in SPLITS else "left")
    for name in names:
        by_split = {s.split: s for s in splits if s.benchmark == name}
        locations = ", ".join(dict.fromkeys(s.place for s in by_split.values()))
        table.add_row(name, *[str(by_split[split]) if split in by_split else "–" for split in SPLITS], locations)
    wide_console().print(table)


@app.command("show")
@with_options(Output)
def show(
    output: Output,
    benchmark: Annotated[str, typer.Option("--benchmark", "-b", help="Name of the benchmark.")],
    split: Annotated[str, typer.Option(help="pool (or train), dev or test.")] = "dev",
    data_dir: DataDir = None,
    question_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Id of the question. Default: the first one.")
    ] = None,
) -> None:
    """Show one question: text, options, gold answer."""
    from openmedlm.data import UserError, canonical_split, load_split, to_record
    from openmedlm.utils.choices import check_choice

    split = canonical_split(split)
    questions = {question.id: question for question in load_split(benchmark, split, data_dir)}
    question_id = next(iter(questions)) if question_id is None else question_id
    if question_id not in questions and len(questions) > MAX_IDS_LISTED:
        raise UserError(
            f'unknown question of {benchmark} {split}: "{question_id}". The first is {next(iter(questions))}.'
        )
    question = questions[check_choice(question_id, questions, f"question of {benchmark} {split}")]
    if output.json:
        print_json(to_record(question))
        return
    console = SafeConsole()
    where = ", ".join(filter(None, (question.benchmark, question.split, question.subject)))
    console.print(f"{one_line(question.id)}  {one_line(where)}\n")
    for paragraph in question.context:
        console.print(paragraph + "\n")
    console.print(question.question + "\n")
    for letter, text in question.options.items():
        console.print(f"{'*' if letter == question.answer else ' '} {letter}. {text}")
    if question.explanation:
        console.print(f"\n{question.explanation}")


@app.command("check")
@with_options(Output)
def check(
    output: Output,
    benchmark: Annotated[
        list[str] | None,
        typer.Option(
            "--benchmark", "-b", help="Check only this benchmark. Repeat the option for several.", show_default=False
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Find duplicate questions, inside a split and across splits and benchmarks, and options that can be confused.

    Exact duplicates have the same words in context, stem and options, ignoring case, punctuation and the order of the
    options. Near duplicates share at least 80 % of their five-word sequences (Jaccard similarity). A run never shows a
    duplicate of a question as its exemplar, whatever this command finds.

    Notices on stderr name the questions with the same text in two options, and those whose option texts bring letters
    of their own, such as "A. Aspirin".
    """
    from openmedlm.data import UserError, available, find_duplicates, load_split
    from openmedlm.utils.choices import check_choice

    splits = available(data_dir)
    names = list(dict.fromkeys(split.benchmark for split in splits))
    selected = [check_choice(name, names, "benchmark") for name in benchmark or names]
    questions = [q for s in splits if s.benchmark in selected for q in load_split(s.benchmark, s.split, data_dir)]
    if not questions:
        raise UserError(f"{data_dir or 'the hub'}: no questions. Pass another --data-dir.")
    pairs = find_duplicates(questions)
    notices = option_notices(questions)
    leaks, duplicates = [pair for pair in pairs if pair.leak], [pair for pair in pairs if not pair.leak]
    if output.json:
        print_json(
            {
                "questions": len(questions),
                "duplicates": [pair.as_json() for pair in duplicates],
                "leaks": [pair.as_json() for pair in leaks],
                **notices,
            }
        )
        return
    console = wide_console()
    if pairs:
        console.print(_duplicates_table(pairs))
    for pair in pairs[:MAX_PAIRS_SHOWN]:
        first, second = (one_line(f"{q.benchmark} {q.split} {q.id}") for q in (pair.first, pair.second))
        console.print(f"{pair.kind}: {first} = {second}{'' if pair.same_answer else ', different gold answers'}")
    hidden = len(pairs) - MAX_PAIRS_SHOWN
    print(f"{len(questions):,} questions.", end=" ")
    print(f"Duplicate pairs inside a split: {len(duplicates):,}, across splits: {len(leaks):,}.")
    if hidden > 0:
        print(f"{hidden:,} further pairs; --json lists all of them.")


def _duplicates_table(pairs: list["DuplicatePair"]) -> Table:
    """Return a table with one row per pair of splits that share questions."""
    table = Table(title="Duplicate questions (pairs)", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("split A", "split B", "exact", "near", "different gold answers"):
        table.add_column(heading, justify="left" if heading.startswith("split") else "right")
    rows: dict[tuple[str, str], list[DuplicatePair]] = {}
    for pair in pairs:
        key = (f"{pair.first.benchmark} {pair.first.split}", f"{pair.second.benchmark} {pair.second.split}")
        rows.setdefault(key, []).append(pair)
    for (first, second), same_splits in rows.items():
        exact = sum(pair.kind == "exact" for pair in same_splits)
        different_answers = sum(not pair.same_answer for pair in same_splits)
        table.add_row(first, second, *map(str, (exact, len(same_splits) - exact, different_answers)))
    return table


@app.command("import")
@with_options(Output)
def import_file(
    output: Output,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSONL, CSV or parquet file with questions.")],
    name: Annotated[str, typer.Option(help="Name of the new benchmark, for -b.")],
    split: Annotated[str, typer.Option(help="pool (or train), dev or test.")] = "dev",
    data_dir: DataDir = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite a split that exists.")] = False,
    strip_letters: Annotated[
        bool,
        typer.Option("--strip-letters", help='Remove the letters inside option texts, such as "A. Aspirin".'),
    ] = False,
) -> None:
    """Check your own questions and save them as a benchmark.

    JSONL: one {"id","question","options":{"A":…},"answer":"A"} per line; "subject", "context" and "explanation" are
    optional. CSV and parquet: the same names as columns, with one column A, B, … per option. Notices name options that
    can be confused, as in `data check`.
    """
    from openmedlm.data import canonical_split, import_questions, read_questions

    split = canonical_split(split)
    path = import_questions(file, name, split, data_dir, replace, strip_letters=strip_letters)
    questions = read_questions(path, name, split)
    count = len(questions)
    notices = option_notices(questions)
    if output.json:
        print_json({"benchmark": name, "split": split, "questions": count, "file": str(path), **notices})
        return
    where = f" --data-dir {data_dir}" if data_dir else ""
    print(f"{count:,} questions saved in {path}")
    print(f"Next: openmedlm evaluate zero-shot -b {name} --split {split}{where} -m MODEL")
