"""Invented records and files for the tests of openmedlm.data."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

Record = dict[str, Any]


@pytest.fixture
def make_record() -> Callable[..., Record]:
    """Return a function that makes a valid record; keywords replace its fields."""

    def make(number: int = 0, **fields: object) -> Record:
        return {
            "id": f"q-{number}",
            "benchmark": "invented",
            "subject": None,
            "split": "dev",
            "question": f"Which organ is number {number} on the chart?",
            "context": None,
            "options": {"A": "Heart", "B": "Liver", "C": "Spleen"},
            "answer": "B",
            "explanation": None,
            **fields,
        }

    return make


@pytest.fixture
def write_jsonl() -> Callable[[Path, Iterable[object]], Path]:
    """Return a function that writes rows as JSON lines and creates the folder."""

    def write(path: Path, rows: Iterable[object]) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Move the user's data and cache folders into `tmp_path`."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home-data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home-cache"))
    return tmp_path


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real benchmark files; skip the test if it is missing."""
    folder = Path(os.environ.get("OPENMEDLM_SHARED") or Path(__file__).parents[3] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real benchmark files at {folder}; set OPENMEDLM_SHARED to a folder that has them")
    return folder
