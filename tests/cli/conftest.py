"""Fixtures that run commands in this process, in directories of the test."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from model_server import ModelServer
from warm import Command, WarmStart

from openmedlm.cli.main import main


@dataclass(frozen=True)
class Ended:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test its own completion cache and imported questions; weights and vectors are shared."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data-home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def openmedlm(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Run a command in this process."""

    def run(*arguments: object) -> Ended:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["openmedlm", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def warm() -> Iterator[WarmStart]:
    with WarmStart() as running:
        yield running


@pytest.fixture
def start_command(warm: WarmStart, tmp_path: Path) -> Callable[..., Command]:
    """Start a command in a process of its own, in the directories of the test."""

    def start(*arguments: object) -> Command:
        return warm.start(*map(str, arguments), cwd=tmp_path, env=os.environ)

    return start


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def hosted(server: ModelServer) -> tuple[str, ...]:
    """Return options that name the server's model, on the embedded sample of MMLU."""
    return ("-m", "hosted_vllm/small", "--api-base", server.base_url, "-b", "mmlu", "--data-dir", "sample")
