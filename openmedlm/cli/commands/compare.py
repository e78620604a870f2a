from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from openmedlm.options.groups import Output
from openmedlm.options.with_options import with_options
from openmedlm.terminal.console import NOT_ADVICE, percent, print_json, wide_console

if TYPE_CHECKING:
    from openmedlm.runs.compare import RunRef


@with_options(Output)
def compare(
    output: Output,
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN RUN…", help="Directories that evaluate, ladder or score wrote, or DIR:PROGRAM; in pairs."
        ),
    ],
    pair_outcomes: Annotated[
        bool, typer.Option("--common", help="Compare runs over different questions on those that both were asked.")
    ] = False,
) -> None:
    """Compares runs on the same questions: difference with its interval, exact paired test, what it could have shown.

    Two runs of several programs are compared program by program; further pairs may follow, one for each benchmark. The
    adjusted p-value (Benjamini and Hochberg) is the one to go by where there is more than one row.

    Example: openmedlm compare RUN:zero-shot RUN:knn-cot
    """
    from openmedlm.runs.compare import compare_runs

    compared = compare_runs(runs, of_common=pair_outcomes, seed=output.seed)
    rows = [each.as_json() for each in compared]
    if output.json:
        print_json({**(rows[0] if len(rows) == 1 else {}), "comparisons": rows})
        return
    title = "The first less the second, in points"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("first", overflow="fold")
    table.add_column("second", overflow="fold")
    for heading in ("n", "accuracy", "difference", "95 %", "bootstrap", "p", "adjusted", "told apart by", "would show"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each, row in zip(compared, rows, strict=True):
        drawn = row["bootstrap"]
        table.add_row(
            _name(each.first, each.second),
            _name(each.second, each.first),
            str(row["n"]),
            f"{percent(row['first_accuracy'])} / {percent(row['second_accuracy'])}",
            _points(row["difference"]),
            f"{_points(row['ci_low'])} to {_points(row['ci_high'])}",
            f"{_points(drawn['low'])} to {_points(drawn['high'])}" if drawn else "–",
            f"{row['p_value']:.3g}",
            f"{row['p_adjusted']:.3g}",
            f"{row['discordant']}",
            f"{100 * row['minimum_detectable_effect']:.1f}",
        )
    console = wide_console()
    console.print(table)
    if left_out := sum(each.left_out for each in compared):
        print(f"Left out: {left_out:,} questions that only one of the two runs was asked.")
    console.print(
        "p: exact McNemar, two-sided. Would show: the difference that so many questions show four times in five.\n"
        + NOT_ADVICE,
        highlight=False,
    )


def _name(side: "RunRef", other: "RunRef") -> str:
    """Short where the two are of one run."""
    return side.program if side.run.directory == other.run.directory else str(side)


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"
