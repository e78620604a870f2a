from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from openmedlm.options import Output, with_options
from openmedlm.terminal.console import NOT_ADVICE, count_noun, percent, print_json, wide_console

if TYPE_CHECKING:
    from openmedlm.runs.compare import PairComparison, RunRef


@with_options(Output)
def compare(
    output: Output,
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN RUN…", help="Pairs of directories that evaluate, ladder or score wrote, or DIR:PROGRAM."
        ),
    ],
    only_common: Annotated[
        bool, typer.Option("--common", help="Compare on the questions that both runs have, if the runs differ.")
    ] = False,
) -> None:
    """Compare runs on the same questions: difference with 95 % intervals, exact paired test, detectable effect.

    Runs of several programs are compared program by program. Further pairs may follow, such as one per benchmark. With
    several comparisons, use the adjusted p-value (Benjamini and Hochberg).

    Example: openmedlm compare RUN:zero-shot RUN:knn-cot
    """
    from openmedlm.runs.compare import compare_runs

    compared = compare_runs(runs, only_common=only_common, seed=output.seed)
    rows = [each.as_json() for each in compared]
    if output.json:
        print_json({**(rows[0] if len(rows) == 1 else {}), "comparisons": rows})
        return
    console = wide_console()
    console.print("Difference (A − B), percentage points", style="bold", highlight=False)
    for each in compared:
        console.print(*_lines(each), "", highlight=False)
    console.print(
        "p: exact McNemar test, two-sided. Detectable difference: a true difference of this size is found in 80 % of "
        "such comparisons.",
        NOT_ADVICE,
        highlight=False,
    )


def _lines(compared: "PairComparison") -> Iterator[str]:
    """Yield the lines of one comparison; they may wrap at any width."""
    row = compared.as_json()
    yield f"A: {_name(compared.first, compared.second)}, accuracy {percent(row['first_accuracy'])}"
    yield f"B: {_name(compared.second, compared.first)}, accuracy {percent(row['second_accuracy'])}"
    yield f"A − B: {_points(row['difference'])} [95 % CI {_points(row['ci_low'])} to {_points(row['ci_high'])}]"
    if bootstrap := row["bootstrap"]:
        yield f"bootstrap 95 % CI: {_points(bootstrap['low'])} to {_points(bootstrap['high'])}"
    yield f"p = {row['p_value']:.3g}, adjusted p = {row['p_adjusted']:.3g}"
    detectable = f"{100 * row['minimum_detectable_effect']:.1f}"
    yield f"questions: {row['n']:,}, discordant: {row['discordant']:,}, detectable difference: {detectable}"
    if compared.left_out:
        yield f"excluded: {count_noun(compared.left_out, 'question')} that only one run has"


def _name(side: "RunRef", other: "RunRef") -> str:
    """Return the program's name, with its run unless both are of one run."""
    return side.program if side.run.directory == other.run.directory else str(side)


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"
