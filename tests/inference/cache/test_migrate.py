"""Tests of caches written by earlier versions."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from postgres_server import PostgresServer
from sqlalchemy import create_engine, inspect

from openmedlm.data import UserError
from openmedlm.inference import CompletionCache
from openmedlm.inference.cache import migrate
from openmedlm.inference.cache.backend import SCHEMA_VERSION
from openmedlm.inference.request import Completion
from openmedlm.utils.urls import with_driver

FIRST = """
CREATE TABLE completions (
    key TEXT PRIMARY KEY, model TEXT NOT NULL, endpoint TEXT, bought_at REAL NOT NULL, text TEXT NOT NULL,
    finish_reason TEXT, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL, cost_usd REAL, seconds REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE test_looks (
    benchmark TEXT NOT NULL, model TEXT NOT NULL, program TEXT NOT NULL, questions TEXT NOT NULL,
    looked_at REAL NOT NULL, PRIMARY KEY (benchmark, model, program, questions)
) WITHOUT ROWID;
INSERT INTO completions VALUES ('k', 'm', NULL, 1.5, 'The answer is B.', 'stop', 9, 1, 0, NULL, 0.25);
INSERT INTO test_looks VALUES ('medqa', 'm', 'p', 'q', 1.5);
"""
SECOND = """
CREATE TABLE spending (
    purpose TEXT PRIMARY KEY, calls INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, cost_usd REAL NOT NULL
) WITHOUT ROWID;
INSERT INTO spending VALUES ('study', 7, 70, 7, 0.5);
"""


@pytest.mark.parametrize(("version", "script"), [(1, FIRST), (2, FIRST + SECOND)])
def test_older_sqlite_file_keeps_its_rows(version: int, script: str, tmp_path: Path) -> None:
    path = tmp_path / "votes.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.executescript(f"{script} PRAGMA user_version = {version};")
    for _ in range(2):
        with CompletionCache(path) as store:
            assert store.get("k") == Completion("The answer is B.", "stop", 9, 1, 0, None, 0.25)
            assert store.record_test_use("medqa", "m", "p", "q") == 1
            assert store.spent("study").calls == (7 if version == 2 else 0)
            assert asyncio.run(store.acquire(["k", "new"])).keys == {"new"}


def test_failed_migration_leaves_the_file_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "votes.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.executescript(f"{FIRST} CREATE TABLE claims (x); PRAGMA user_version = 1;")
        before = old.execute("SELECT name FROM sqlite_master ORDER BY 1").fetchall()
    with pytest.raises(UserError, match=r"votes\.sqlite.*claims"):
        CompletionCache(path)
    with contextlib.closing(sqlite3.connect(path)) as old:
        assert old.execute("SELECT name FROM sqlite_master ORDER BY 1").fetchall() == before
        assert old.execute("PRAGMA user_version").fetchone() == (1,)


def test_schema_version_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).with_name("migrations")))
    assert ScriptDirectory.from_config(config).get_current_head() == str(SCHEMA_VERSION)


def test_both_databases_have_the_same_tables(tmp_path: Path, postgres: PostgresServer) -> None:
    url = postgres.new_database()
    tables = []
    for where, shown in ((tmp_path / "v.sqlite", f"sqlite:///{tmp_path / 'v.sqlite'}"), (url, with_driver(url))):
        CompletionCache(where).__exit__(None, None, None)
        engine = create_engine(shown)
        seen = inspect(engine)
        tables.append({name: [one["name"] for one in seen.get_columns(name)] for name in seen.get_table_names()})
        engine.dispose()
    assert tables[0] == tables[1]
    assert len(tables[0]) == 6
