"""What only a file can be."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from openmedlm.data import UserError
from openmedlm.inference import CompletionCache


@pytest.mark.parametrize("lock", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_new_store_waits_for_another_that_is_just_being_made(lock: str, tmp_path: Path) -> None:
    path = tmp_path / "votes.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute(f"BEGIN {lock}")
        done = threading.Timer(0.3, other.execute, ["COMMIT"])
        done.start()
        try:
            with CompletionCache(path) as store:
                assert store.get("k") is None
        finally:
            done.join()


def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "votes.sqlite"
    path.write_text("These are my notes about the heart. " * 100)
    with pytest.raises(UserError, match=r"not a usable vote store .*; name another with --store") as caught:
        CompletionCache(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    assert path.read_text().startswith("These are my notes")


@pytest.mark.parametrize("place", ["a directory", "below a file"])
def test_a_place_where_no_file_can_be_is_one_clear_line(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path if place == "a directory" else tmp_path / "file" / "votes.sqlite"
    with pytest.raises(UserError, match="--store"):
        CompletionCache(path)


@pytest.mark.parametrize(("name", "version"), [("completions", 0), ("patients", 0), ("patients", 2), ("patients", 3)])
def test_a_database_of_something_else_is_refused_and_left_alone(name: str, version: int, tmp_path: Path) -> None:
    path = tmp_path / "patients.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(f"CREATE TABLE {name} (patient TEXT); PRAGMA user_version = {version};")
    with pytest.raises(UserError, match="written by something else; name another file with --store"):
        CompletionCache(path)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [(name,)]


def test_a_files_url_names_the_same_place_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("votes.sqlite", "sqlite:///votes.sqlite", f"sqlite:///{tmp_path}/votes.sqlite"):
        with CompletionCache(name) as store:
            assert store.place == str(tmp_path / "votes.sqlite")
