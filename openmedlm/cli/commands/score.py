from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from openmedlm.metrics import Summary
from openmedlm.options import Output, with_options
from openmedlm.terminal.console import NOT_ADVICE, percent, print_json, wide_console


@with_options(Output)
def score(
    output: Output,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE.jsonl", help='Lines {"qid","gold","completion"} or {"qid","gold","letters"}.'),
    ],
    benchmark: Annotated[
        str | None,
        typer.Option(
            "--benchmark",
            "-b",
            help="Benchmark of the questions. Default: none; the file has the options and gold letters.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="Split of the benchmark.")] = "test",
    data_dir: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Directory with <benchmark>/<split>.jsonl files; 'sample' for the embedded sample. Default: the "
            "Hugging Face hub.",
            show_default=False,
        ),
    ] = None,
    votes: Annotated[
        int | None,
        typer.Option(min=1, help="Use only the first K samples per question. Default: all.", show_default=False),
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="RUN", help="Directory of the run, for compare and report. Default: none."
        ),
    ] = None,
) -> None:
    """Score completions of another system: parse answers, count votes, print the accuracy with its interval.

    Lines with the same qid are samples of one question, in order; a line may have "options", "sample", "model" and
    "benchmark". A tied vote goes to the letter that came first. An unparsed sample is no vote; a question without any
    vote counts as wrong, and the command still exits with 0. With -b, duplicate questions and questions that share a
    passage widen the standard error. With -o, models can be compared (compare RUN:MODEL RUN:OTHER) and shown (report).
    """
    from openmedlm.data import load_split
    from openmedlm.metrics import summarise
    from openmedlm.runs import check_free, write_run
    from openmedlm.runs.external_completions import read_completions, score_outcomes
    from openmedlm.runs.score import add_clusters, make_run, to_questions

    lines = read_completions(file)
    benchmark_questions = {q.id: q for q in load_split(benchmark, split, data_dir)} if benchmark else None
    by_model = add_clusters(score_outcomes(lines, votes, benchmark_questions), benchmark_questions or {})
    summaries = {model: summarise(outcomes, 0.0) for model, outcomes in by_model.items()}
    total = summarise((outcome for outcomes in by_model.values() for outcome in outcomes), 0.0)
    if len(by_model) > 1:  # Wilson's interval assumes independent answers, and several models answer one question
        total = replace(total, ci_low=None, ci_high=None)
    if directory is not None:
        questions = to_questions(lines, benchmark_questions or {})
        run = make_run(directory, file, by_model, summaries, questions, votes)
        check_free(directory, run.config)
        write_run(run, questions)
    if output.json:
        runs = [{"model": model or None, **summary.as_json()} for model, summary in summaries.items()]
        print_json(total.as_json() | {"runs": runs})
        return
    rows = [(model or "–", summary) for model, summary in summaries.items()]
    console = wide_console()
    console.print(_table(file.name, rows if len(rows) == 1 else [*rows, ("all", total)]))
    console.print(NOT_ADVICE, highlight=False)


def _table(title: str, rows: list[tuple[str, Summary]]) -> Table:
    from openmedlm.cli.tables import ACCURACY_HEADING, format_accuracy

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=0)
    table.add_column("model", overflow="fold")
    headings = ("standard error\n(points)", "macro-F1 %", "no\nanswer", "vote\nagreement %")
    for heading in ("correct", ACCURACY_HEADING, *headings):
        table.add_column(Text(heading), justify="right", no_wrap=True)
    for name, s in rows:
        agreement = s.analysis.agreement
        table.add_row(
            name,
            f"{s.correct}/{s.n}",
            format_accuracy(s),
            "–" if s.standard_error is None else f"{100 * s.standard_error:.1f}",
            percent(s.analysis.macro_f1).rstrip("%"),
            str(s.unanswered),
            percent(agreement.share).rstrip("%") if agreement else "–",
        )
    return table
