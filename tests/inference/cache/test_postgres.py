"""What only a server can do: be away, hold something else, ask for a password."""

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


def test_a_server_that_is_started_anew_is_waited_for() -> None:
    async def put(store: CompletionCache, key: str) -> None:
        assert (await store.claim([key])).held
        await store.put(key, "m", None, COMPLETION)

    with PostgresServer() as server, CompletionCache(server.url()) as store:
        asyncio.run(put(store, "a"))
        server.stop()
        back = threading.Timer(1.0, server.start)
        back.start()
        asyncio.run(put(store, "b"))
        back.join()
        assert (store.get("a"), store.get("b")) == (COMPLETION, COMPLETION)


def test_claims_outlive_a_server_that_is_away_for_longer_than_they_last() -> None:
    async def hold(store: CompletionCache, held: set[str]) -> None:
        assert (await store.claim(["a"])).held == held

    with PostgresServer() as server, CompletionCache(server.url()) as one, CompletionCache(server.url()) as other:
        asyncio.run(hold(one, {"a"}))
        engine = create_engine(with_driver(server.url()))
        with engine.begin() as connection:  # its last sign of life was long before the server is back
            connection.execute(text(f"UPDATE claimants SET seen = seen - {10 * LEASE_SECONDS}"))
        engine.dispose()
        server.stop()
        server.start()
        asyncio.run(hold(other, set()))


def test_a_process_that_freezes_while_it_claims_holds_up_nobody_for_long(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SESSION", "SET lock_timeout = '300ms'")
    url = postgres.new_database()
    with CompletionCache(url) as store:
        frozen = create_engine(with_driver(url)).connect()
        frozen.execute(text("SET idle_in_transaction_session_timeout = '1s'"))
        frozen.commit()
        frozen.execute(text("INSERT INTO claims VALUES ('a', 'frozen')"))
        assert asyncio.run(store.claim(["a"])).held == {"a"}
        frozen.invalidate()


def test_who_is_in_a_hurry_waits_for_no_server() -> None:
    async def stop(store: CompletionCache) -> None:
        putting = asyncio.ensure_future(store.put("a", "m", None, COMPLETION))
        await asyncio.sleep(0.5)
        store.stop_retrying()
        with pytest.raises(UserError, match="mend that"):
            await putting
        await store.drain()

    with PostgresServer() as server, CompletionCache(server.url()) as store:
        server.stop()
        began = time.monotonic()
        asyncio.run(stop(store))
        assert time.monotonic() - began < 10
        server.start()


def test_a_server_that_stays_away_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    with PostgresServer() as server, CompletionCache(server.url()) as store:
        server.stop()
        with pytest.raises(UserError, match=r"--store postgresql://tester@/postgres: .*; mend that") as caught:
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
def test_a_url_of_nothing_is_one_clear_line_without_its_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    with pytest.raises(UserError, match=r"^--store ") as caught:
        CompletionCache(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_database_of_something_else_is_refused_and_left_alone(postgres: PostgresServer) -> None:
    url = postgres.new_database()
    engine = create_engine(with_driver(url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE completions (patient TEXT)"))
    with pytest.raises(UserError, match="--store"):
        CompletionCache(url)
    assert inspect(engine).get_table_names() == ["completions"]
    engine.dispose()


def test_a_study_and_its_votes_may_share_a_database(postgres: PostgresServer) -> None:
    import optuna

    url = postgres.new_database()
    optuna.create_study(storage=with_driver(url), study_name="s")
    with CompletionCache(url) as store:
        assert store.get("k") is None
    assert optuna.get_all_study_names(with_driver(url)) == ["s"]
