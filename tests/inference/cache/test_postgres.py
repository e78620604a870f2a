"""Tests of the PostgreSQL database: outages, foreign tables, passwords."""

import asyncio
import threading
import time

import pytest
from postgres_server import PostgresServer
from sqlalchemy import create_engine, inspect, text

from openmedlm.data import UserError
from openmedlm.inference import CompletionCache
from openmedlm.inference.cache import sql_server as module
from openmedlm.inference.cache.backend import LEASE_SECONDS
from openmedlm.inference.request import Completion
from openmedlm.utils.urls import with_driver

COMPLETION = Completion("B", "stop", 1, 1, 0, None, 0.1)


def test_put_waits_for_a_server_that_restarts() -> None:
    async def put(store: CompletionCache, key: str) -> None:
        assert (await store.acquire([key])).keys
        await store.put(key, "m", None, COMPLETION)

    with PostgresServer() as server, CompletionCache(server.url()) as store:
        asyncio.run(put(store, "a"))
        server.stop()
        restart = threading.Timer(0.2, server.start)
        restart.start()
        asyncio.run(put(store, "b"))
        restart.join()
        assert (store.get("a"), store.get("b")) == (COMPLETION, COMPLETION)


def test_leases_outlive_a_long_server_outage() -> None:
    async def hold(store: CompletionCache, expected: set[str]) -> None:
        assert (await store.acquire(["a"])).keys == expected

    with PostgresServer() as server, CompletionCache(server.url()) as one, CompletionCache(server.url()) as other:
        asyncio.run(hold(one, {"a"}))
        engine = create_engine(with_driver(server.url()))
        with engine.begin() as connection:  # its last heartbeat is older than the lease
            connection.execute(text(f"UPDATE claimants SET seen = seen - {10 * LEASE_SECONDS}"))
        engine.dispose()
        server.stop()
        server.start()
        asyncio.run(hold(other, set()))


def test_frozen_process_blocks_others_briefly(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SESSION", "SET lock_timeout = '300ms'")
    url = postgres.new_database()
    with CompletionCache(url) as store:
        frozen = create_engine(with_driver(url)).connect()
        frozen.execute(text("SET idle_in_transaction_session_timeout = '1s'"))
        frozen.commit()
        frozen.execute(text("INSERT INTO claims VALUES ('a', 'frozen')"))
        assert asyncio.run(store.acquire(["a"])).keys == {"a"}
        frozen.invalidate()


def test_stop_retrying_ends_the_wait_for_a_server() -> None:
    async def stop(store: CompletionCache) -> None:
        putting = asyncio.ensure_future(store.put("a", "m", None, COMPLETION))
        await asyncio.sleep(0.1)
        store.stop_retrying()
        with pytest.raises(UserError, match="rerun the command"):
            await putting
        await store.drain()

    with PostgresServer() as server, CompletionCache(server.url()) as store:
        server.stop()
        began = time.monotonic()
        asyncio.run(stop(store))
        assert time.monotonic() - began < module.OUTAGE_SECONDS
        server.start()


def test_server_outage_is_a_one_line_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OUTAGE_SECONDS", 0.5)
    with PostgresServer() as server, CompletionCache(server.url()) as store:
        server.stop()
        with pytest.raises(UserError, match=r"--store postgresql://tester@/postgres: .*rerun") as caught:
            store.get("k")
        assert "\n" not in str(caught.value)
        server.start()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:secret@127.0.0.1:1/none",
        "postgres://user:secret@127.0.0.1:1/none?password=secret",
        "postgresql://user:secret@host:port/none",
        "mysql://user:secret@host/none",
        "sqlite://",
        "http://user:secret@host/none",
        "://",
    ],
)
def test_bad_url_is_one_line_without_its_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OUTAGE_SECONDS", 0.1)
    with pytest.raises(UserError, match="--store ") as caught:
        CompletionCache(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_postgres_leaves_a_foreign_database_unchanged(postgres: PostgresServer) -> None:
    url = postgres.new_database()
    engine = create_engine(with_driver(url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE completions (patient TEXT)"))
    with pytest.raises(UserError, match="--store"):
        CompletionCache(url)
    assert inspect(engine).get_table_names() == ["completions"]
    engine.dispose()


def test_study_and_cache_share_a_database(postgres: PostgresServer) -> None:
    import optuna

    url = postgres.new_database()
    optuna.create_study(storage=with_driver(url), study_name="s")
    with CompletionCache(url) as store:
        assert store.get("k") is None
    assert optuna.get_all_study_names(with_driver(url)) == ["s"]
