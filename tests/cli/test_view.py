"""The page over HTTP."""

import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

Run = Callable[..., Any]


@pytest.fixture
def address(openmedlm: Run, hosted: tuple[str, ...], tmp_path: Path) -> Iterator[str]:
    """Where a folder with two runs is served; Ctrl-C ends it as it says."""
    for name in ("zero-shot", "few-shot"):
        assert openmedlm("evaluate", name, *hosted, "--limit", 3, "-o", f"runs/{name}").code == 0
    (tmp_path / "runs" / ".hidden").mkdir()
    (tmp_path / "runs" / ".hidden" / "manifest.json").write_text("{}")
    command = [sys.executable, "-m", "openmedlm", "view", "runs", "--port", "0", "--json"]
    served = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert served.stdout is not None
    told = ""
    while not told.endswith("}\n"):
        told += served.stdout.readline()
    yield orjson.loads(told)["address"]
    served.send_signal(signal.SIGINT)
    assert served.wait(20) == 130


def _get(url: str, **headers: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        return answer.read().decode()


def test_runs_are_chosen_and_shown(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")
    choice = _get(address)
    assert 'value="zero-shot"' in choice
    assert 'value="few-shot"' in choice
    assert "hidden" not in choice
    page = _get(f"{address}report?place=zero-shot&place=few-shot")
    assert page.count("<h1>mmlu dev: hosted_vllm/small</h1>") == 2


@pytest.mark.parametrize("manifest", [b"", b"[]", b"\xff", b'{"schema": 4, "config": {"programs": 1}}'])
def test_a_damaged_run_is_told_in_one_line(address: str, tmp_path: Path, manifest: bytes) -> None:
    (tmp_path / "runs" / "few-shot" / "manifest.json").write_bytes(manifest)
    with pytest.raises(urllib.error.HTTPError) as refused:
        _get(f"{address}report?place=zero-shot&place=few-shot")
    assert refused.value.code == 400
    told = refused.value.read().decode()
    assert told.startswith("runs/few-shot")
    assert "\n" not in told


def test_only_what_the_folder_holds_can_be_shown(address: str) -> None:
    assert "<h1>Runs and studies" in _get(f"{address}report?place=../data-home")


def test_another_sites_name_does_not_lead_here(address: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        _get(address, Host="evil.example")


def test_a_folder_that_is_not_there_is_told(openmedlm: Run) -> None:
    ended = openmedlm("view", "nowhere")
    assert (ended.code, ended.err) == (
        2,
        "openmedlm: nowhere: no such folder; name one that holds runs or studies\n",
    )
