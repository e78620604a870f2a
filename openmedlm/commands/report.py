from pathlib import Path
from typing import Annotated

import typer

from openmedlm.options import Output, takes
from openmedlm.printing import print_json


@takes(Output)
def report(
    output: Output,
    studies: Annotated[list[Path], typer.Argument(metavar="DIR…", help="Directories that tune wrote.")],
    file: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.html", help="The page to write.")] = Path(
        "report.html"
    ),
) -> None:
    """Writes studies as one page: winner, history, importance, accuracy by ensemble size and temperature, cost.

    The page is one file, works offline and loads nothing.

    Example: openmedlm report tuned -o report.html
    """
    from openmedlm.page.study import read_studies
    from openmedlm.page.writing import write_page

    write_page([study for place in studies for study in read_studies(place)], file)
    if output.json:
        print_json({"page": str(file), "studies": [str(place) for place in studies]})
    else:
        print(f"Written: {file}")
