"""The page: one HTML file that works offline and loads nothing."""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from openmedlm.data import UserError
from openmedlm.report import questions as question_list
from openmedlm.report.drawing import Figure
from openmedlm.report.run_figures import run_figures
from openmedlm.report.run_section import HEADINGS, NOTE, describe_run, run_rows, run_rules, run_title
from openmedlm.report.study_section import Study, read_studies, study_figures
from openmedlm.runs import Run, Sent, read_run, read_sent
from openmedlm.runs.directory import MANIFEST
from openmedlm.terminal.console import NOT_ADVICE, percent
from openmedlm.tuning.files import RESULT
from openmedlm.tuning.report_text import describe_winner, study_scores
from openmedlm.utils.atomic import write_atomically

Shown = Sequence[tuple[Run, Sent]]


def read_places(places: Iterable[Path]) -> tuple[list[tuple[Run, Sent]], list[Study]]:
    """The runs and the studies in some directories.

    Raises:
        UserError: a directory holds neither, or what it holds can't be read.
    """
    runs: list[tuple[Run, Sent]] = []
    studies: list[Study] = []
    for place in places:
        if (place / MANIFEST).exists():
            runs.append((read_run(place), read_sent(place)))
        elif (place / RESULT).exists() or any(place.glob(f"*/{RESULT}")):
            studies += read_studies(place)
        else:
            raise UserError(
                f"{place}: holds neither a run nor a study that ended; name a directory that evaluate, ladder, "
                "score or tune wrote with -o"
            )
    return runs, studies


def write_page(runs: Shown, studies: Sequence[Study], file: Path) -> None:
    """Writes the page of some runs and studies; see `render_page`.

    Raises:
        UserError: a study or a run is of another release, or the file can't be written.
    """
    page = render_page(runs, studies)
    try:
        write_atomically(file, [page.encode()])
    except OSError as error:
        raise UserError(f"{file}: can't be written ({error.strerror}); name another with -o") from error


def render_page(runs: Shown, studies: Sequence[Study]) -> str:
    """The page as text. What a model, a data set or a user wrote is escaped, or packed as data.

    Raises:
        UserError: a study or a run is of another release.
    """
    environment = Environment(
        loader=PackageLoader("openmedlm.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    plots: dict[str, Any] = {}
    shown_runs = [_checked(run.directory, _run, number, run, plots) for number, (run, _) in enumerate(runs)]
    shown_studies = [_checked(study.place, _study, number, study, plots) for number, study in enumerate(studies)]
    questions, columns = question_list.questions_of(runs), question_list.columns_of(runs)
    blobs = list(_blobs(questions, columns)) if questions else []
    templates = files("openmedlm.report") / "templates"
    scripts = [get_plotlyjs(), (templates / "page.js").read_text(encoding="utf-8")] if plots or blobs else []
    contents = [(each["id"], each["title"]) for each in (*shown_runs, *shown_studies)]
    return environment.get_template("page.html").render(
        title=", ".join(title for _, title in contents),
        contents=[*contents, *([("questions", "Questions")] if questions else [])],
        runs=shown_runs,
        studies=shown_studies,
        questions=bool(questions),
        plots=plots,
        blobs=blobs,
        scripts=scripts,
        style=(templates / "page.css").read_text(encoding="utf-8"),
        policy=_policy(scripts),
        advice=NOT_ADVICE,
    )


def _policy(scripts: Iterable[str]) -> str:
    """Nothing is loaded, and no script runs but the page's own, by their hashes. Plotly styles what it draws inline."""
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; script-src {hashes}"


def _checked(place: Path, shown: Any, *arguments: Any) -> dict[str, Any]:
    try:
        return dict(shown(*arguments))
    except UserError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise UserError(
            f"{place}: this release of openmedlm did not write what is there ({error!r}); run the command again, which "
            "buys nothing anew"
        ) from error


def _blobs(questions: Any, columns: Any) -> Iterator[tuple[str, str]]:
    yield "index", question_list.index(questions, columns)
    for number, chunk in enumerate(question_list.details(questions, columns)):
        yield f"chunk-{number}", chunk


def _drawn(figures: Iterable[Figure], prefix: str, plots: dict[str, Any]) -> list[dict[str, str]]:
    shown = []
    for number, figure in enumerate(figures):
        place = f"figure-{prefix}-{number}"
        plots[place] = figure.as_json()
        shown.append({"id": place, "title": figure.title, "told": figure.told})
    return shown


def _run(number: int, run: Run, plots: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"run-{number}",
        "title": run_title(run),
        "words": describe_run(run),
        "headings": HEADINGS,
        "rows": run_rows(run),
        "note": NOTE,
        "rules": list(run_rules(run)),
        "figures": _drawn(run_figures(run.results["runs"]), f"run-{number}", plots),
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
        "scores": list(_scores(result)),
        "words": describe_winner(result),
        "trials": study.trials,
        "figures": _drawn(study_figures(study), f"study-{number}", plots),
    }


def _scores(result: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for name, score in study_scores(result):
        yield {
            "name": name,
            "right": f"{score['correct']}/{score['n']}",
            "accuracy": percent(score["accuracy"]),
            "interval": f"{percent(score['ci_low'])}–{percent(score['ci_high'])}",
        }
