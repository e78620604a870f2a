"""Server of the report pages."""

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

WAIT_SECONDS = 120
"""Limit of every wait for the server: far above the seconds that it takes on a busy machine."""


@pytest.fixture
def address(openmedlm: Run, hosted: tuple[str, ...], tmp_path: Path) -> Iterator[str]:
    """Serve a folder with two runs and yield the address; after the test, check that Ctrl-C stops the server."""
    for name in ("zero-shot", "few-shot"):
        assert openmedlm("evaluate", name, *hosted, "--limit", 3, "-o", f"runs/{name}").code == 0
    (tmp_path / "runs" / ".hidden").mkdir()
    (tmp_path / "runs" / ".hidden" / "manifest.json").write_text("{}")
    command = [sys.executable, "-m", "openmedlm", "view", "runs", "--port", "0", "--json"]
    server = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        # A shell starts background commands with SIGINT ignored, and their children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert server.stdout is not None
        output = ""
        while not output.endswith("}\n"):
            line = server.stdout.readline()
            assert line, f"the server ended with {server.wait(WAIT_SECONDS)}"
            output += line
        yield orjson.loads(output)["address"]
        server.send_signal(signal.SIGINT)
        assert server.wait(WAIT_SECONDS) == 130
    finally:
        server.kill()
        server.wait(WAIT_SECONDS)


def _get(url: str, **headers: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=WAIT_SECONDS) as response:
        return response.read().decode()


def test_view_lists_runs_and_shows_the_selected_ones(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")
    index = _get(address)
    assert 'value="zero-shot"' in index
    assert 'value="few-shot"' in index
    assert "hidden" not in index
    page = _get(f"{address}report?directory=zero-shot&directory=few-shot")
    assert page.count("<h1>mmlu dev: hosted_vllm/small</h1>") == 2


@pytest.mark.parametrize("manifest", [b"", b"[]", b"\xff", b'{"schema": 4, "config": {"programs": 1}}'])
def test_damaged_run_is_a_one_line_error_with_status_400(address: str, tmp_path: Path, manifest: bytes) -> None:
    (tmp_path / "runs" / "few-shot" / "manifest.json").write_bytes(manifest)
    with pytest.raises(urllib.error.HTTPError) as caught:
        _get(f"{address}report?directory=zero-shot&directory=few-shot")
    assert caught.value.code == 400
    message = caught.value.read().decode()
    assert "runs/few-shot" in message
    assert "\n" not in message


def test_view_shows_no_directory_outside_its_folder(address: str) -> None:
    assert "<h1>Runs and studies" in _get(f"{address}report?directory=../data-home")


def test_view_refuses_a_request_with_another_host_name(address: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        _get(address, Host="evil.example")


def test_view_of_a_missing_folder_is_a_one_line_error(openmedlm: Run) -> None:
    ended = openmedlm("view", "nowhere")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "no such folder: nowhere" in ended.err
