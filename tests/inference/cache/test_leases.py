"""Nothing is bought twice, however many processes want it at once."""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openmedlm.data import UserError
from openmedlm.inference import CompletionCache
from openmedlm.inference.cache import leases
from openmedlm.inference.cache import store as store_module
from openmedlm.inference.request import Completion

COMPLETION = Completion("B", "stop", 1, 1, 0, None, 0.1)
START = Callable[..., subprocess.Popen[str]]


def claims(where: str, *keys: str) -> tuple[set[str], set[str]]:
    """What another store would get of those keys now: held, and found."""

    async def go() -> tuple[set[str], set[str]]:
        with CompletionCache(where) as store:
            claimed = await store.claim(keys)
            return set(claimed.held), set(claimed.found)

    return asyncio.run(go())


def holding(process: START, where: str, *keys: str) -> subprocess.Popen[str]:
    """Another process that holds claims."""
    other = process("claimant", where, *keys)
    assert other.stdout is not None
    assert set(other.stdout.readline().split()) == set(keys)
    return other


def test_one_of_many_holds_a_key_until_it_is_put(where: str) -> None:
    async def go() -> None:
        with CompletionCache(where) as one, CompletionCache(where) as other:
            claimed = await asyncio.gather(*[store.claim(["a", "b"]) for store in (one, other) for _ in range(5)])
            holders = [claim for claim in claimed if claim.held]
            assert sorted(key for claim in holders for key in claim.held) == ["a", "b"]
            assert not any(claim.found for claim in claimed)
            holder = one if claimed.index(holders[0]) < 5 else other
            await holder.put("a", "m", None, COMPLETION)
            for store in (one, other):
                assert await store.claim(["a", "b"]) == (frozenset(), {"a": COMPLETION})

    asyncio.run(go())


def test_what_is_let_go_of_is_anybodys(where: str) -> None:
    async def go() -> None:
        with CompletionCache(where) as one, CompletionCache(where) as other:
            assert (await one.claim(["a", "b"])).held == {"a", "b"}
            one.free(["a"])
            await one.drain()
            assert (await other.claim(["a", "b"])).held == {"a"}
            other.free(["b"])  # which is not its own
            await other.drain()
            assert (await other.claim(["b"])).held == frozenset()

    asyncio.run(go())


def test_a_claim_that_nobody_waits_for_any_more_is_let_go_of(where: str) -> None:
    async def go() -> None:
        with CompletionCache(where) as store:
            given_up = asyncio.ensure_future(store.claim(["a"]))
            await asyncio.sleep(0)
            given_up.cancel()
            await asyncio.gather(given_up, return_exceptions=True)
            await store.claim(["b"])  # handed over after the other
            await store.drain()
            assert (await store.claim(["a"])).held == {"a"}

    asyncio.run(go())


def test_a_sign_of_life_that_can_not_be_given_ends_nothing(
    where: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store_module, "HEARTBEAT_SECONDS", 0.02)

    async def go() -> None:
        with CompletionCache(where) as store:
            await store.claim(["a"])
            monkeypatch.setattr(store._database, "sign", away)
            await asyncio.sleep(0.2)
            assert store._signing is not None
            assert not store._signing.done()
            await store.put("a", "m", None, COMPLETION)

    def away() -> None:
        raise UserError("the database is away")

    asyncio.run(go())
    assert caplog.records == []


def test_a_store_that_is_closed_holds_nothing(where: str) -> None:
    assert claims(where, "a", "b") == ({"a", "b"}, set())
    assert claims(where, "a", "b") == ({"a", "b"}, set())


def test_the_claims_of_a_killed_process_are_anybodys_at_once(where: str, process: START) -> None:
    other = holding(process, where, "a", "b")
    assert claims(where, "a", "c") == ({"c"}, set())
    other.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)  # dead, and its parent has not asked how it ended
    assert claims(where, "a", "b") == ({"a", "b"}, set())
    other.communicate(timeout=30)


def test_another_machine_of_the_same_name_is_not_this_one(
    where: str, execute: Callable[[str], Any], process: START
) -> None:
    other = holding(process, where, "a")
    execute(f"UPDATE claimants SET host = '{socket.gethostname()} another {Path('/proc/self/ns/pid').readlink()}'")
    other.send_signal(signal.SIGKILL)
    other.communicate(timeout=30)
    assert claims(where, "a")[0] == set(), "it may live there"


def test_the_claims_of_nobody_are_anybodys(where: str, execute: Callable[[str], Any]) -> None:
    assert claims(where, "a")[0] == {"a"}
    execute("INSERT INTO claims VALUES ('a', 'one that was taken for gone before it claimed')")
    assert claims(where, "a", "b")[0] == {"a", "b"}


@pytest.mark.parametrize("silent", [False, True])
def test_the_claims_of_another_machine_expire(
    silent: bool, where: str, execute: Callable[[str], Any], process: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = holding(process, where, "a")
    execute("UPDATE claimants SET host = 'elsewhere'")
    other.send_signal(signal.SIGKILL)
    other.communicate(timeout=30)
    if silent:
        monkeypatch.setattr(leases, "LEASE_SECONDS", 0.001)
    assert claims(where, "a")[0] == ({"a"} if silent else set())


def test_who_holds_claims_gives_signs_of_life(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.5)

    async def go() -> None:
        with CompletionCache(where) as one, CompletionCache(where) as other:
            assert (await one.claim(["a"])).held
            for _ in range(8):
                await asyncio.sleep(0.2)
                assert not (await other.claim(["a"])).held

    asyncio.run(go())


def test_who_held_nothing_for_long_holds_what_it_claims_then(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.5)

    async def go() -> None:
        with CompletionCache(where) as one, CompletionCache(where) as other:
            assert (await one.claim(["a"])).held
            await one.put("a", "m", None, COMPLETION)
            await asyncio.sleep(0.7)
            assert (await one.claim(["b"])).held
            assert not (await other.claim(["b"])).held

    asyncio.run(go())


def test_who_was_taken_for_gone_comes_back_as_another(
    where: str, monkeypatch: pytest.MonkeyPatch, execute: Callable[[str], Any]
) -> None:
    monkeypatch.setattr(store_module, "HEARTBEAT_SECONDS", 0.05)

    async def go() -> None:
        with CompletionCache(where) as one, CompletionCache(where) as other:
            assert (await one.claim(["a"])).held
            execute("DELETE FROM claims")
            execute("DELETE FROM claimants")
            assert (await other.claim(["a"])).held
            await asyncio.sleep(0.3)
            assert (await one.claim(["a", "b"])).held == {"b"}
            assert await one.put("a", "m", None, COMPLETION) == COMPLETION
            assert not (await other.claim(["b"])).held, "it gives signs of life again"
            one.free(["b"])
            await one.drain()
            assert (await other.claim(["b"])).held

    asyncio.run(go())
