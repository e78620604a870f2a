from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from openmedlm.metrics import Summary
from openmedlm.options.groups import Output
from openmedlm.options.with_options import with_options
from openmedlm.terminal.console import NOT_ADVICE, percent, print_json, wide_console


@with_options(Output)
def score(
    output: Output,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE.jsonl", help='Lines {"qid","gold","completion"} or {"qid","gold","letters"}.'),
    ],
    benchmark: Annotated[
        str | None, typer.Option("--benchmark", "-b", help="Look the options up in this benchmark.", show_default=False)
    ] = None,
    split: Annotated[str, typer.Option(help="The split to look them up in.")] = "test",
    data_dir: Annotated[str | None, typer.Option(metavar="DIR", help="As for evaluate.", show_default=False)] = None,
    votes: Annotated[
        int | None, typer.Option(min=1, help="Majority of the first K samples only.", show_default=False)
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="RUN", help="Directory to write a run to, for compare, report and view."
        ),
    ] = None,
) -> None:
    """Scores completions that any other system wrote: answers read, votes counted, accuracy with its interval.

    Lines that share a qid are samples of one question, in order; "options", "sample", "model" and "benchmark" may stand
    in a line. A tied vote goes to the letter that came first; an unreadable sample is no vote, and a question without
    one that can be read is wrong, which is no error of this command: it ends with 0. With -b, questions that repeat
    each other or share a passage widen the standard error. With -o, models can be compared on the same questions
    (compare RUN:MODEL RUN:OTHER) and looked at (report RUN).
    """
    from openmedlm.data import load_split
    from openmedlm.metrics import summarise
    from openmedlm.runs import check_free, write_run
    from openmedlm.runs.external_completions import read_completions, score_outcomes
    from openmedlm.runs.score import clustered, questions_of, run_of

    lines = read_completions(file)
    questions = {q.id: q for q in load_split(benchmark, split, data_dir)} if benchmark else None
    by_model = clustered(score_outcomes(lines, votes, questions), questions or {})
    scored = {model: summarise(outcomes, 0.0) for model, outcomes in by_model.items()}
    whole = summarise((outcome for outcomes in by_model.values() for outcome in outcomes), 0.0)
    if len(by_model) > 1:  # Wilson's interval takes answers for independent, and several models answer one question
        whole = replace(whole, ci_low=None, ci_high=None)
    if directory is not None:
        asked = questions_of(lines, questions or {})
        run = run_of(directory, file, by_model, scored, asked, votes)
        check_free(directory, run.config)
        write_run(run, asked)
    if output.json:
        runs = [{"model": model or None, **summary.as_json()} for model, summary in scored.items()]
        print_json(whole.as_json() | {"runs": runs})
        return
    rows = [(model or "–", summary) for model, summary in scored.items()]
    console = wide_console()
    console.print(_table(file.name, rows if len(rows) == 1 else [*rows, ("all", whole)]))
    console.print(NOT_ADVICE, highlight=False)


def _table(title: str, rows: list[tuple[str, Summary]]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=0)
    table.add_column("model", overflow="fold")
    for heading in ("right", "accuracy (95 %)", "std. error", "macro-F1", "unread", "agreement"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, s in rows:
        agreement = s.analysis.agreement
        table.add_row(
            name,
            f"{s.correct}/{s.n}",
            _accuracy(s).replace("%", ""),
            "–" if s.standard_error is None else f"{100 * s.standard_error:.1f}",
            percent(s.analysis.macro_f1).rstrip("%"),
            str(s.unanswered),
            percent(agreement.share) if agreement else "–",
        )
    return table


def _accuracy(summary: Summary) -> str:
    if summary.ci_low is None:
        return percent(summary.accuracy)
    return f"{percent(summary.accuracy)} ({percent(summary.ci_low)}–{percent(summary.ci_high)})"
