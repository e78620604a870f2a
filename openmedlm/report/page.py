"""HTML page of runs and studies: one file that works offline and loads nothing."""

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from openmedlm.data import UserError
from openmedlm.report.drawing import Figure
from openmedlm.report.questions import distinct_questions, program_columns, question_details, question_index
from openmedlm.report.run_figures import run_figures
from openmedlm.report.run_section import describe_run, run_headings, run_note, run_rows, run_rules, run_title
from openmedlm.report.study_section import Study, read_studies, score_rows, study_figures, trial_rows
from openmedlm.runs import Run, Sent, read_run, read_sent
from openmedlm.runs.directory import MANIFEST
from openmedlm.terminal.console import NOT_ADVICE
from openmedlm.tuning.files import RESULT
from openmedlm.tuning.report_text import describe_winner
from openmedlm.utils.atomic import write_atomically

Runs = Sequence[tuple[Run, Sent]]
"""Runs, each with its questions and prompts."""


def read_directories(directories: Iterable[Path]) -> tuple[list[tuple[Run, Sent]], list[Study]]:
    """Read the runs and studies in some directories.

    Raises:
        UserError: A directory holds neither a run nor a completed study, or a file is not readable.
    """
    runs: list[tuple[Run, Sent]] = []
    studies: list[Study] = []
    for directory in directories:
        if (directory / MANIFEST).exists():
            runs.append((read_run(directory), read_sent(directory)))
        elif (directory / RESULT).exists() or any(directory.glob(f"*/{RESULT}")):
            studies += read_studies(directory)
        else:
            raise UserError(
                f"no run and no complete study in {directory}. Name a directory that evaluate, ladder, score or tune "
                "wrote with -o."
            )
    return runs, studies


def write_page(runs: Runs, studies: Sequence[Study], file: Path) -> None:
    """Write the page of some runs and studies to a file.

    Raises:
        UserError: Another release wrote a study or a run, or the file is not writable.
    """
    page = render_page(runs, studies)
    try:
        write_atomically(file, [page.encode()])
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror}. Name another file with -o.") from error


def render_page(runs: Runs, studies: Sequence[Study]) -> str:
    """Return the page as HTML. Text of models, data sets and users is escaped, or packed as data.

    Raises:
        UserError: Another release wrote a study or a run.
    """
    environment = Environment(
        loader=PackageLoader("openmedlm.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    plots: dict[str, Any] = {}
    run_sections = [_section(run.directory, _run, number, run, plots) for number, (run, _) in enumerate(runs)]
    study_sections = [_section(study.directory, _study, number, study, plots) for number, study in enumerate(studies)]
    blobs = list(_blobs(runs))
    templates = files("openmedlm.report") / "templates"
    scripts = [get_plotlyjs(), (templates / "page.js").read_text(encoding="utf-8")] if plots or blobs else []
    contents = [(each["id"], each["title"]) for each in (*run_sections, *study_sections)]
    return environment.get_template("page.html").render(
        title=", ".join(title for _, title in contents),
        contents=[*contents, *([("questions", "Questions")] if blobs else [])],
        runs=run_sections,
        studies=study_sections,
        questions=bool(blobs),
        plots=plots,
        blobs=blobs,
        scripts=scripts,
        style=(templates / "page.css").read_text(encoding="utf-8"),
        policy=_policy(scripts),
        advice=NOT_ADVICE,
    )


def _policy(scripts: Iterable[str]) -> str:
    """Return the content security policy: nothing is loaded, and only scripts with these hashes run.

    Inline styles are allowed because Plotly uses them.
    """
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; script-src {hashes}"


def _section(directory: Path, build: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """Build the section of a run or a study.

    Raises:
        UserError: Another release wrote the directory.
    """
    try:
        return build(*arguments)
    except UserError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise UserError(
            f"files of another release of openmedlm in {directory}: {error!r}. Rerun the command that wrote them; "
            "cached completions are not requested again."
        ) from error


def _blobs(runs: Runs) -> Iterator[tuple[str, str]]:
    """Yield element id and content of the packed questions; nothing if there are none."""
    questions, columns = distinct_questions(runs), program_columns(runs)
    if not questions:
        return
    yield "index", question_index(questions, columns)
    for number, chunk in enumerate(question_details(questions, columns)):
        yield f"chunk-{number}", chunk


def _figures(figures: Iterable[Figure], prefix: str, plots: dict[str, Any]) -> list[dict[str, str]]:
    """Add the plots of some figures to `plots`, by element id, and return their text."""
    texts = []
    for number, figure in enumerate(figures):
        element = f"figure-{prefix}-{number}"
        plots[element] = figure.as_json()
        texts.append({"id": element, "title": figure.title, "caption": figure.caption})
    return texts


def _run(number: int, run: Run, plots: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"run-{number}",
        "title": run_title(run),
        "words": describe_run(run),
        "headings": run_headings(run),
        "rows": run_rows(run),
        "note": run_note(run),
        "rules": list(run_rules(run)),
        "figures": _figures(run_figures(run.results["runs"]), f"run-{number}", plots),
    }


def _study(number: int, study: Study, plots: dict[str, Any]) -> dict[str, Any]:
    result = study.result
    return {
        "id": f"study-{number}",
        "title": f"{result['model']} on {result['benchmark']}",
        "winner": result["label"],
        "stopped": result["stopped"],
        "calls": f"{result['calls']:,}",
        "exhaustive_calls": f"{result['exhaustive_calls']:,}",
        "scores": list(score_rows(study)),
        "words": describe_winner(result),
        "trials": list(trial_rows(study)),
        "figures": _figures(study_figures(study), f"study-{number}", plots),
    }
