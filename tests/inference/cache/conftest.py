"""Fixtures of completion caches, in SQLite and PostgreSQL."""

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from postgres_server import PostgresServer
from sqlalchemy import create_engine, text

from openmedlm.utils.urls import with_driver

ROOT = Path(__file__).parents[3]

WRITER = """
import asyncio, sys
from pathlib import Path
from openmedlm.inference import CompletionCache
from openmedlm.inference.request import Completion

where, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])

async def write(store):
    async def one(number):
        key = f"{name}-{number}"
        lease = await store.acquire([key])
        assert lease.keys == {key}, lease
        await store.put(key, "model", None, Completion(key, None, 1, 1, 0, None, 0.1))
        print(key, flush=True)
    for start in range(0, count, 10):
        await asyncio.gather(*[one(number) for number in range(start, min(start + 10, count))])

with CompletionCache(where) as store:
    asyncio.run(write(store))
"""

HOLDER = """
import asyncio, sys
from openmedlm.inference import CompletionCache

async def hold(store):
    lease = await store.acquire(sys.argv[2:])
    print(*sorted(lease.keys), flush=True)
    await asyncio.sleep(600)

with CompletionCache(sys.argv[1]) as store:
    asyncio.run(hold(store))
"""


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Location of a new cache: a file, or a database on a server."""
    if request.param == "sqlite":
        return str(tmp_path / "new" / "votes.sqlite")
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def execute(where: str) -> Callable[[str], list[Any]]:
    """Run a statement in the cache's database directly."""

    def run(statement: str) -> list[Any]:
        if "://" not in where:
            with contextlib.closing(sqlite3.connect(where)) as database, database:
                return database.execute(statement).fetchall()
        engine = create_engine(with_driver(where))
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            rows = [tuple(row) for row in result] if result.returns_rows else []
        engine.dispose()
        return rows

    return run


@pytest.fixture
def process() -> Callable[..., subprocess.Popen[str]]:
    """Start a process on a cache: a `writer` puts completions and prints their keys, a `holder` holds leases."""

    def start(kind: str, *arguments: object) -> subprocess.Popen[str]:
        script = {"writer": WRITER, "holder": HOLDER}[kind]
        command = [sys.executable, "-c", script, *map(str, arguments)]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return start
