"""Report page of studies."""

import os
import re
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import orjson
import pytest
from model_server import ModelServer
from plotly.offline import get_plotlyjs
from student import Student
from warm import WarmStart

from openmedlm.data import load_split

Run = Callable[..., Any]

TITLES = ("History", "Importance", "Accuracy by ensemble size", "Accuracy by temperature", "Accuracy by cost")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, warm: WarmStart) -> Path:
    """Write a study whose search space holds a hostile instruction, once for all tests."""
    folder = tmp_path_factory.mktemp("study")
    hostile = "<script>alert(1)</script>"
    space = f"strategy: [zero-shot, few-shot]\nk: [1, 5]\nvotes: [1, 5]\ninstructions: [default, '{hostile}']\n"
    (folder / "space.yaml").write_text(space)
    with ModelServer() as server:
        server.reply = Student(load_split("mmlu", "dev", "sample"))
        model = ("-m", "hosted_vllm/small", "--api-base", server.base_url, "-b", "mmlu", "--data-dir", "sample")
        options = ("--space", "space.yaml", "--trials", "30", "--block", "3", "--pruner", "none", "-o", "tuned")
        environment = {**os.environ, "XDG_DATA_HOME": str(folder / "data-home")}
        running = warm.start("tune", *model, *options, cwd=folder, env=environment)
        _, errors = running.communicate(600)
        assert running.returncode == 0, errors
    return folder / "tuned"


@pytest.fixture
def tuned(study: Path, tmp_path: Path) -> str:
    """Copy the study into the test's folder, and return its directory."""
    shutil.copytree(study, tmp_path / "tuned")
    return "tuned"


def test_study_page_has_every_figure_and_loads_nothing(openmedlm: Run, tuned: str) -> None:
    ended = openmedlm("report", tuned, "-o", "page.html", "--json")
    assert (ended.code, ended.json["page"]) == (0, "page.html")
    page = Path("page.html").read_text()
    for title in TITLES:
        assert title in page
    own = page.replace(get_plotlyjs(), "")  # plotly.js contains addresses that it does not request
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", own)
    assert "default-src 'none'" in unescape(page)
    assert "not medical advice" in page


def test_study_page_shows_holdout_score_calls_and_trials(openmedlm: Run, tuned: str) -> None:
    openmedlm("report", tuned, "-o", "page.html")
    page = Path("page.html").read_text()
    result = orjson.loads(Path("tuned/tuning.json").read_bytes())
    assert f"{result['holdout']['correct']}/{result['holdout']['n']}" in page
    assert f"{result['calls']:,} API calls" in page
    rows = Path("tuned/trials.jsonl").read_bytes().splitlines()
    assert page.count("<td>complete</td>") == len(rows) == 30


def test_study_page_escapes_a_hostile_instruction(openmedlm: Run, tuned: str) -> None:
    openmedlm("report", tuned, "-o", "page.html")
    page = Path("page.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page or "\\u003cscript\\u003ealert" in page


def test_report_finds_the_studies_of_several_models(openmedlm: Run, tuned: str) -> None:
    for name in ("one", "two"):
        Path("many", name).mkdir(parents=True)
        for file in ("tuning.json", "trials.jsonl"):
            Path("many", name, file).write_bytes(Path(tuned, file).read_bytes())
    assert openmedlm("report", "many", "-o", "page.html").code == 0
    assert Path("page.html").read_text().count("<h1>") == 2


def test_report_of_two_studies_has_distinct_figure_ids(openmedlm: Run, tuned: str) -> None:
    openmedlm("report", tuned, tuned, "-o", "page.html")
    page = Path("page.html").read_text()
    assert page.count("<h1>") == 2
    assert len(set(re.findall(r'class="plot" id="(figure-study-\d-\d)"', page))) == 10


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "tuning.json").unlink(), "no run and no complete study"),
        (lambda folder: (folder / "trials.jsonl").unlink(), "trials.jsonl"),
        (lambda folder: (folder / "tuning.json").write_text("{"), "unreadable study"),
        (lambda folder: (folder / "tuning.json").write_text("[]"), "schema_version"),
        (lambda folder: (folder / "tuning.json").write_text('{"model": "m"}'), "benchmark"),
        (lambda folder: (folder / "trials.jsonl").write_text("x"), "unreadable study"),
    ],
)
def test_report_of_a_damaged_study_is_a_one_line_error(
    damage: Callable[[Path], None], message: str, openmedlm: Run, tmp_path: Path
) -> None:
    directory = tmp_path / "broken"
    directory.mkdir()
    (directory / "tuning.json").write_text("{}")
    (directory / "trials.jsonl").write_text("{}")
    damage(directory)
    ended = openmedlm("report", "broken")
    assert ended.code == 2
    assert "broken" in ended.err
    assert message in ended.err
    assert len(ended.err.strip().splitlines()) == 1
    assert not Path("report.html").exists()


def test_report_json_escapes_a_folder_name_that_is_not_utf8(openmedlm: Run, tuned: str) -> None:
    Path("many").mkdir()
    Path(tuned).rename(Path("many") / os.fsdecode(b"s\xff"))
    assert openmedlm("report", "many", "-o", "page.html", "--json").json["studies"] == ["many/s\\udcff"]
