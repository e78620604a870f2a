"""An endpoint on loopback, and folders of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import dspy
import pytest
from model_server import ModelServer
from student import Student

from openmedlm import load_split


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data-home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        running.reply = Student([q for split in ("pool", "dev", "test") for q in load_split("mmlu", split, "sample")])
        yield running


@pytest.fixture
def lm(server: ModelServer) -> Iterator[dspy.LM]:
    lm = dspy.LM("openai/small", api_base=server.base_url, api_key="-", cache=False)
    with dspy.context(lm=lm):
        yield lm
