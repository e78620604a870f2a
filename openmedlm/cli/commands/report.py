from pathlib import Path
from typing import Annotated

import typer

from openmedlm.options import Output, with_options
from openmedlm.terminal.console import as_utf8, print_json


@with_options(Output)
def report(
    output: Output,
    directories: Annotated[
        list[Path],
        typer.Argument(metavar="DIR…", help="Directories that evaluate, ladder, score or tune wrote with -o."),
    ],
    file: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.html", help="HTML file to write.")] = Path(
        "report.html"
    ),
) -> None:
    """Write runs and studies as one HTML page: figures, paired differences, and every question with every vote.

    The page is one file; it works offline and loads nothing.

    Example: openmedlm report RUN tuned -o report.html
    """
    from openmedlm.report.page import read_directories, write_page

    runs, studies = read_directories(directories)
    write_page(runs, studies, file)
    if output.json:
        inputs = {
            "runs": [as_utf8(run.directory) for run, _ in runs],
            "studies": [as_utf8(study.directory) for study in studies],
        }
        print_json({"page": str(file), **inputs})
    else:
        print(f"Written: {file}")
