"""Commands on the run directory that release 0.1.0 wrote (schema 3)."""

import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

RELEASED = Path(__file__).parents[1] / "runs" / "released" / "0.1.0" / "run"
RESULTS = {row["program"]: row for row in orjson.loads((RELEASED / "manifest.json").read_bytes())["results"]["runs"]}

Run = Callable[..., Any]


@pytest.fixture
def released(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RELEASED, tmp_path / "runs" / "old"))


def test_compare_old_run_gives_the_accuracies_of_its_manifest(openmedlm: Run, released: Path) -> None:
    result = openmedlm("compare", f"{released}:ensemble", f"{released}:zero-shot", "--json").json
    first, second = RESULTS["ensemble"], RESULTS["zero-shot"]
    assert (result["n"], result["first_accuracy"], result["second_accuracy"]) == (
        first["n"],
        first["accuracy"],
        second["accuracy"],
    )
    assert result["difference"] == first["accuracy"] - second["accuracy"]


def test_report_of_old_run_shows_the_numbers_of_its_manifest(openmedlm: Run, released: Path) -> None:
    assert openmedlm("report", released, "-o", "page.html").code == 0
    page = Path("page.html").read_text()
    for name, row in RESULTS.items():
        assert name in page
        assert f"{row['correct']}/{row['n']}" in page
    assert "test split so far: 2" in page


def test_view_of_old_run_serves_its_page(released: Path) -> None:
    command = [sys.executable, "-m", "openmedlm", "view", str(released.parent), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            output = ""
            while not output.endswith("}\n"):
                line = server.stdout.readline()
                assert line, "the server ended"
                output += line
            address = orjson.loads(output)["address"]
            with urllib.request.urlopen(f"{address}report?directory=old", timeout=120) as response:
                page = response.read().decode()
        finally:
            server.send_signal(signal.SIGKILL)
    assert "<h1>mmlu test: hosted_vllm/small</h1>" in page


@pytest.mark.parametrize("manifest", [b'{"schema": 3}', b'{"schema": 2}', b'{"schema": 5}'])
def test_damaged_or_unknown_schema_is_one_line(openmedlm: Run, released: Path, manifest: bytes) -> None:
    (released / "manifest.json").write_bytes(manifest)
    for command in (("compare", f"{released}:ensemble", f"{released}:zero-shot"), ("report", released, "-o", "p.html")):
        ended = openmedlm(*command)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
        assert str(released) in ended.err
