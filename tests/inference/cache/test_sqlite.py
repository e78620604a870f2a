"""Tests of the SQLite database."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from openmedlm.data import UserError
from openmedlm.inference import CompletionCache


@pytest.mark.parametrize("lock", ["IMMEDIATE", "EXCLUSIVE"])
def test_sqlite_waits_for_a_locked_file(lock: str, tmp_path: Path) -> None:
    path = tmp_path / "votes.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute(f"BEGIN {lock}")
        done = threading.Timer(0.3, other.execute, ["COMMIT"])
        done.start()
        try:
            with CompletionCache(path) as cache:
                assert cache.get("k") is None
        finally:
            done.join()


def test_sqlite_rejects_a_text_file(tmp_path: Path) -> None:
    path = tmp_path / "votes.sqlite"
    path.write_text("These are my notes about the heart. " * 100)
    with pytest.raises(UserError, match="--store") as caught:
        CompletionCache(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_text().startswith("These are my notes")


@pytest.mark.parametrize("kind", ["a directory", "below a file"])
def test_sqlite_rejects_an_unusable_path(kind: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path if kind == "a directory" else tmp_path / "file" / "votes.sqlite"
    with pytest.raises(UserError, match="--store"):
        CompletionCache(path)


@pytest.mark.parametrize(("name", "version"), [("completions", 0), ("patients", 0), ("patients", 2), ("patients", 3)])
def test_sqlite_leaves_a_foreign_database_unchanged(name: str, version: int, tmp_path: Path) -> None:
    path = tmp_path / "patients.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(f"CREATE TABLE {name} (patient TEXT); PRAGMA user_version = {version};")
    with pytest.raises(UserError, match=r"another program.*--store"):
        CompletionCache(path)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [(name,)]


def test_location_is_absolute_for_paths_and_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("votes.sqlite", "sqlite:///votes.sqlite", f"sqlite:///{tmp_path}/votes.sqlite"):
        with CompletionCache(name) as cache:
            assert cache.location == str(tmp_path / "votes.sqlite")
