"""The page of studies."""

import os
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import orjson
import pytest
from model_server import ModelServer
from plotly.offline import get_plotlyjs
from student import Student

from openmedlm.data import load_split

Run = Callable[..., Any]

TITLES = ("History", "Importance", "Accuracy by ensemble size", "Accuracy by temperature", "Cost against accuracy")


@pytest.fixture
def tuned(openmedlm: Run, hosted: tuple[str, ...], server: ModelServer, tmp_path: Path) -> str:
    """A directory that tune wrote; one of the choices is hostile."""
    server.reply = Student(load_split("mmlu", "dev", "sample"))
    hostile = "<script>alert(1)</script>"
    space = f"strategy: [zero-shot, few-shot]\nk: [1, 5]\nvotes: [1, 5]\ninstructions: [default, '{hostile}']\n"
    (tmp_path / "space.yaml").write_text(space)
    how = ("--space", "space.yaml", "--trials", 30, "--block", 3, "--pruner", "none")
    assert openmedlm("tune", *hosted, *how, "-o", "tuned").code == 0
    return "tuned"


def test_the_page_has_every_figure_and_loads_nothing(openmedlm: Run, tuned: str) -> None:
    ended = openmedlm("report", tuned, "-o", "page.html", "--json")
    assert (ended.code, ended.json["page"]) == (0, "page.html")
    page = Path("page.html").read_text()
    for title in TITLES:
        assert title in page
    own = page.replace(get_plotlyjs(), "")  # it names addresses, and asks for none of them
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", own)
    assert "default-src 'none'" in unescape(page)
    assert "not medical advice" in page


def test_the_page_says_what_the_study_came_to(openmedlm: Run, tuned: str) -> None:
    openmedlm("report", tuned, "-o", "page.html")
    page = Path("page.html").read_text()
    result = orjson.loads(Path("tuned/tuning.json").read_bytes())
    assert f"{result['select']['correct']}/{result['select']['n']}" in page
    assert f"{result['calls']:,} completions" in page
    rows = Path("tuned/trials.jsonl").read_bytes().splitlines()
    assert page.count("<td>finished</td>") == len(rows) == 30


def test_what_a_user_wrote_is_text(openmedlm: Run, tuned: str) -> None:
    openmedlm("report", tuned, "-o", "page.html")
    page = Path("page.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page or "\\u003cscript\\u003ealert" in page


def test_the_studies_of_several_models_are_found_in_their_folder(openmedlm: Run, tuned: str) -> None:
    for name in ("one", "two"):
        Path("many", name).mkdir(parents=True)
        for file in ("tuning.json", "trials.jsonl"):
            Path("many", name, file).write_bytes(Path(tuned, file).read_bytes())
    assert openmedlm("report", "many", "-o", "page.html").code == 0
    assert Path("page.html").read_text().count("<h1>") == 2


def test_several_studies_share_a_page(openmedlm: Run, tuned: str) -> None:
    openmedlm("report", tuned, tuned, "-o", "page.html")
    page = Path("page.html").read_text()
    assert page.count("<h1>") == 2
    assert len(set(re.findall(r'class="plot" id="(figure-study-\d-\d)"', page))) == 10


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda place: (place / "tuning.json").unlink(), "holds neither a run nor a study"),
        (lambda place: (place / "trials.jsonl").unlink(), "trials.jsonl is missing"),
        (lambda place: (place / "tuning.json").write_text("{"), "can't be read"),
        (lambda place: (place / "tuning.json").write_text("[]"), "did not write what is there"),
        (lambda place: (place / "tuning.json").write_text('{"model": "m"}'), "did not write what is there"),
        (lambda place: (place / "trials.jsonl").write_text("x"), "can't be read"),
    ],
)
def test_a_directory_without_a_study_is_told_in_one_line(
    break_it: Callable[[Path], None], said: str, openmedlm: Run, tmp_path: Path
) -> None:
    place = tmp_path / "broken"
    place.mkdir()
    (place / "tuning.json").write_text("{}")
    (place / "trials.jsonl").write_text("{}")
    break_it(place)
    refused = openmedlm("report", "broken")
    assert refused.code == 2
    assert said in refused.err
    assert len(refused.err.strip().splitlines()) == 1
    assert not Path("report.html").exists()


def test_a_study_in_a_folder_that_is_not_utf8_is_named_as_json_can(openmedlm: Run, tuned: str) -> None:
    Path("many").mkdir()
    Path(tuned).rename(Path("many") / os.fsdecode(b"s\xff"))
    assert openmedlm("report", "many", "-o", "page.html", "--json").json["studies"] == ["many/s\\udcff"]
