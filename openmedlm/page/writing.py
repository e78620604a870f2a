"""The page: one HTML file that works offline and loads nothing."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from data import BadInput
from data.atomic import write_atomically
from openmedlm.page.study import Study, figures
from openmedlm.printing import NOT_ADVICE, percent
from openmedlm.tuning.words import winner_words


def write_page(studies: Sequence[Study], file: Path) -> None:
    """Writes the page of some studies.

    What a model, a data set or a user wrote is escaped.

    Raises:
        BadInput: the file can't be written.
    """
    environment = Environment(
        loader=PackageLoader("openmedlm.page"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    shown = []
    for number, study in enumerate(studies):
        try:
            shown.append(_shown(number, study))
        except (KeyError, TypeError, IndexError) as error:
            raise BadInput(
                f"{study.place}: its study is not one that this release of openmedlm wrote ({error!r}); run openmedlm "
                "tune again, which buys nothing anew"
            ) from error
    page = environment.get_template("study.html").render(studies=shown, plotly=get_plotlyjs(), advice=NOT_ADVICE)
    try:
        write_atomically(file, [page.encode()])
    except OSError as error:
        raise BadInput(f"{file}: can't be written ({error.strerror}); name another with -o") from error


def _shown(number: int, study: Study) -> dict[str, Any]:
    result = study.result
    return {
        "title": f"{result['model']} on {result['benchmark']}",
        "winner": result["label"],
        "stopped": result["stopped"],
        "calls": f"{result['calls']:,}",
        "plain_calls": f"{result['plain_calls']:,}",
        "scores": list(_scores(result)),
        "words": winner_words(result),
        "trials": study.trials,
        "figures": [
            {"id": f"figure-{number}-{place}", "title": title, **_plain(figure.to_json())}
            for place, (title, figure) in enumerate(figures(study).items())
        ],
    }


def _plain(figure: str) -> Mapping[str, Any]:
    values = orjson.loads(figure)
    return {"data": values["data"], "layout": values["layout"]}


def _scores(result: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    tested = result["test"] or {}
    rows = {
        "tune: ranked it, and flatter it": result["tune"],
        "select: chose it among the best": result["select"],
        "select: untuned (zero-shot)": result["untuned"],
        "test: the winner": tested.get("winner"),
        "test: untuned (zero-shot)": tested.get("untuned"),
    }
    for name, score in rows.items():
        if score and score["n"]:
            yield {
                "name": name,
                "right": f"{score['correct']}/{score['n']}",
                "accuracy": percent(score["accuracy"]),
                "interval": f"{percent(score['ci_low'])}–{percent(score['ci_high'])}",
            }
