from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from openmedlm.options import Output, takes
from openmedlm.printing import print_json, wide_console

app = typer.Typer(no_args_is_help=True, help="Benchmarks and splits: list them, show a question, import your own.")

DataDir = Annotated[
    str | None,
    typer.Option(
        metavar="DIR", help="Local files, or 'sample' for the embedded sample; without it the hub.", show_default=False
    ),
]


@app.command("list")
@takes(Output)
def list_splits(output: Output, data_dir: DataDir = None) -> None:
    """Benchmarks and their splits, with counts."""
    from data import SPLITS, available

    splits = available(data_dir)
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
@takes(Output)
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
    from data import BadInput, load_split, record_of
    from data.names import known_name

    questions = {question.id: question for question in load_split(benchmark, split, data_dir)}
    question_id = next(iter(questions)) if question_id is None else question_id
    if question_id not in questions and len(questions) > 50:
        raise BadInput(f'{benchmark} {split} has no question "{question_id}"; its first is {next(iter(questions))}')
    question = questions[known_name(question_id, questions, f"question of {benchmark} {split}")]
    if output.json:
        print_json(record_of(question))
        return
    console = Console(highlight=False, markup=False)
    console.print(
        f"{question.id}  {question.benchmark}, {question.split}{', ' + question.subject if question.subject else ''}\n"
    )
    for paragraph in question.context:
        console.print(paragraph + "\n")
    console.print(question.question + "\n")
    for letter, text in question.options.items():
        console.print(f"{'*' if letter == question.answer else ' '} {letter}. {text}")
    if question.explanation:
        console.print(f"\n{question.explanation}")


@app.command("import")
@takes(Output)
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
    from data import import_questions, read_questions

    path = import_questions(file, name, split, data_dir, replace)
    count = len(read_questions(path, name, split))
    if output.json:
        print_json({"benchmark": name, "split": split, "questions": count, "file": str(path)})
        return
    where = f" --data-dir {data_dir}" if data_dir else ""
    print(f"{count:,} questions kept in {path}")
    print(f"Use them: openmedlm evaluate zero-shot -b {name} --split {split}{where} -m MODEL")
