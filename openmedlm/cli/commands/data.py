from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from openmedlm.options.groups import Output
from openmedlm.options.with_options import with_options
from openmedlm.terminal.console import SafeConsole, one_line, print_json, wide_console

if TYPE_CHECKING:
    from openmedlm.data import DuplicatePair

SHOWN = 20
"""Pairs that are named on the terminal."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Benchmarks and splits: list them, show a question, find duplicates, import your own.",
)

DataDir = Annotated[
    str | None,
    typer.Option(
        metavar="DIR", help="Local files, or 'sample' for the embedded sample; without it the hub.", show_default=False
    ),
]


@app.command("list")
@with_options(Output)
def list_splits(output: Output, data_dir: DataDir = None) -> None:
    """Benchmarks and their splits, with counts."""
    from openmedlm.data import SPLITS, UserError, available

    splits = available(data_dir)
    if not splits:
        raise UserError(f"{data_dir}: holds no benchmark; put questions there as <benchmark>/<official split>.jsonl")
    names = list(dict.fromkeys(split.benchmark for split in splits))
    if output.json:
        counts = {
            name: {s.split: s.count if s.count is not None else s.official for s in splits if s.benchmark == name}
            for name in names
        }
        print_json({"benchmarks": counts})
        return
    table = Table("benchmark", "pool", "dev", "test", "where")
    for name in names:
        mine = {s.split: s for s in splits if s.benchmark == name}
        places = ", ".join(dict.fromkeys(s.place for s in mine.values()))
        table.add_row(name, *[str(mine[split]) if split in mine else "–" for split in SPLITS], places)
    wide_console().print(table)


@app.command("show")
@with_options(Output)
def show(
    output: Output,
    benchmark: Annotated[str, typer.Option("--benchmark", "-b", help="The benchmark.")],
    split: Annotated[str, typer.Option(help="pool, dev or test.")] = "dev",
    data_dir: DataDir = None,
    question_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The question's id; without one, the first.")
    ] = None,
) -> None:
    """One question: text, options, gold answer."""
    from openmedlm.data import UserError, load_split, to_record
    from openmedlm.utils.choices import check_choice

    questions = {question.id: question for question in load_split(benchmark, split, data_dir)}
    question_id = next(iter(questions)) if question_id is None else question_id
    if question_id not in questions and len(questions) > 50:
        raise UserError(f'{benchmark} {split} has no question "{question_id}"; its first is {next(iter(questions))}')
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
            "--benchmark", "-b", help="Of this benchmark only; may be given several times.", show_default=False
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Questions that stand twice: inside a split, and across splits and benchmarks, word for word or nearly.

    Exact: the same words in context, stem and options, whatever their order, case and punctuation. Near: four fifths of
    their five-word runs in common. Exemplars are kept apart from such questions whatever this finds.
    """
    from openmedlm.data import UserError, available, find_duplicates, load_split
    from openmedlm.utils.choices import check_choice

    splits = available(data_dir)
    names = list(dict.fromkeys(split.benchmark for split in splits))
    asked = [check_choice(name, names, "benchmark") for name in benchmark or names]
    questions = [q for s in splits if s.benchmark in asked for q in load_split(s.benchmark, s.split, data_dir)]
    if not questions:
        raise UserError(f"{data_dir or 'the hub'}: no benchmark's questions are there; name another --data-dir")
    found = find_duplicates(questions)
    leaks, duplicates = [t for t in found if t.leak], [t for t in found if not t.leak]
    if output.json:
        print_json(
            {
                "questions": len(questions),
                "duplicates": [pair.as_json() for pair in duplicates],
                "leaks": [pair.as_json() for pair in leaks],
            }
        )
        return
    console = wide_console()
    console.print(_pairs_table(found))
    for pair in found[:SHOWN]:
        first, second = (one_line(f"{q.benchmark} {q.split} {q.id}") for q in (pair.first, pair.second))
        console.print(f"{pair.kind}: {first} = {second}{'' if pair.same_answer else ', with another answer'}")
    more = f"; --json has the other {len(found) - SHOWN:,} pairs" if len(found) > SHOWN else ""
    print(
        f"{len(questions):,} questions, {len(duplicates):,} pairs inside a split, {len(leaks):,} across splits{more}."
    )


def _pairs_table(found: list["DuplicatePair"]) -> Table:
    """A row for each pair of splits that share questions."""
    table = Table("of", "and", "exact", "near", "with another answer", title="Questions that stand twice")
    rows: dict[tuple[str, str], list[DuplicatePair]] = {}
    for pair in found:
        key = (f"{pair.first.benchmark} {pair.first.split}", f"{pair.second.benchmark} {pair.second.split}")
        rows.setdefault(key, []).append(pair)
    for (first, second), pairs in rows.items():
        exact = sum(pair.kind == "exact" for pair in pairs)
        told = (exact, len(pairs) - exact, sum(not pair.same_answer for pair in pairs))
        table.add_row(first, second, *map(str, told))
    return table


@app.command("import")
@with_options(Output)
def import_file(
    output: Output,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSONL, CSV or parquet.")],
    name: Annotated[str, typer.Option(help="What -b will call the benchmark.")],
    split: Annotated[str, typer.Option(help="pool, dev or test.")] = "dev",
    data_dir: DataDir = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a split that is already there.")] = False,
) -> None:
    """Checks your own questions and keeps them as a benchmark.

    JSONL: {"id","question","options":{"A":…},"answer":"A"} a line, with "subject", "context" and "explanation" where
    there are any. CSV and parquet: the same as columns, with a column A, B, … for each option.
    """
    from openmedlm.data import import_questions, read_questions

    path = import_questions(file, name, split, data_dir, replace)
    count = len(read_questions(path, name, split))
    if output.json:
        print_json({"benchmark": name, "split": split, "questions": count, "file": str(path)})
        return
    where = f" --data-dir {data_dir}" if data_dir else ""
    print(f"{count:,} questions kept in {path}")
    print(f"Use them: openmedlm evaluate zero-shot -b {name} --split {split}{where} -m MODEL")
