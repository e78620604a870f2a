"""Tests of leases: concurrent processes request each completion once."""

import asyncio
import os
import signal
import socket
import subprocess
import time
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


def acquire(where: str, *keys: str) -> tuple[set[str], set[str]]:
    """Return the keys that a new cache object leases now, and the keys that it finds cached."""

    async def go() -> tuple[set[str], set[str]]:
        with CompletionCache(where) as store:
            lease = await store.acquire(keys)
            return set(lease.keys), set(lease.completions)

    return asyncio.run(go())


def start_holder(process: START, where: str, *keys: str) -> subprocess.Popen[str]:
    """Start another process that holds leases."""
    other = process("holder", where, *keys)
    assert other.stdout is not None
    assert set(other.stdout.readline().split()) == set(keys)
    return other


def test_acquire_leases_a_key_to_one_caller(where: str) -> None:
    async def go() -> None:
        with CompletionCache(where) as one, CompletionCache(where) as other:
            all_leases = await asyncio.gather(*[store.acquire(["a", "b"]) for store in (one, other) for _ in range(5)])
            given = [lease for lease in all_leases if lease.keys]
            assert sorted(key for lease in given for key in lease.keys) == ["a", "b"]
            assert not any(lease.completions for lease in all_leases)
            holder = one if all_leases.index(given[0]) < 5 else other
            await holder.put("a", "m", None, COMPLETION)
            for store in (one, other):
                assert await store.acquire(["a", "b"]) == (frozenset(), {"a": COMPLETION})

    asyncio.run(go())


def test_release_frees_own_leases_only(where: str) -> None:
    async def go() -> None:
        with CompletionCache(where) as one, CompletionCache(where) as other:
            assert (await one.acquire(["a", "b"])).keys == {"a", "b"}
            one.release(["a"])
            await one.drain()
            assert (await other.acquire(["a", "b"])).keys == {"a"}
            other.release(["b"])  # leased to the other
            await other.drain()
            assert (await other.acquire(["b"])).keys == frozenset()

    asyncio.run(go())


def test_cancelled_acquire_releases_its_lease(where: str) -> None:
    async def go() -> None:
        with CompletionCache(where) as store:
            cancelled = asyncio.ensure_future(store.acquire(["a"]))
            await asyncio.sleep(0)
            cancelled.cancel()
            await asyncio.gather(cancelled, return_exceptions=True)
            await store.acquire(["b"])  # runs after the cancelled one
            await store.drain()
            assert (await store.acquire(["a"])).keys == {"a"}

    asyncio.run(go())


def test_failed_heartbeat_is_silent(
    where: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store_module, "HEARTBEAT_SECONDS", 0.02)

    async def go() -> None:
        with CompletionCache(where) as store:
            await store.acquire(["a"])
            monkeypatch.setattr(store._database, "heartbeat", fail)
            await asyncio.sleep(0.1)
            assert store._heartbeats is not None
            assert not store._heartbeats.done()
            await store.put("a", "m", None, COMPLETION)

    def fail() -> None:
        raise UserError("the database is unreachable")

    asyncio.run(go())
    assert caplog.records == []


def test_close_releases_all_leases(where: str) -> None:
    assert acquire(where, "a", "b") == ({"a", "b"}, set())
    assert acquire(where, "a", "b") == ({"a", "b"}, set())


def test_leases_of_a_killed_process_are_free_at_once(where: str, process: START) -> None:
    other = start_holder(process, where, "a", "b")
    assert acquire(where, "a", "c") == ({"c"}, set())
    other.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)  # dead, but not collected by its parent
    assert acquire(where, "a", "b") == ({"a", "b"}, set())
    other.communicate(timeout=30)


def test_same_host_name_is_not_the_same_machine(where: str, execute: Callable[[str], Any], process: START) -> None:
    other = start_holder(process, where, "a")
    execute(f"UPDATE claimants SET host = '{socket.gethostname()} another {Path('/proc/self/ns/pid').readlink()}'")
    other.send_signal(signal.SIGKILL)
    other.communicate(timeout=30)
    assert acquire(where, "a")[0] == set(), "the process may be alive there"


def test_leases_without_a_holder_are_free(where: str, execute: Callable[[str], Any]) -> None:
    assert acquire(where, "a")[0] == {"a"}
    execute("INSERT INTO claims VALUES ('a', 'removed as dead before it leased')")
    assert acquire(where, "a", "b")[0] == {"a", "b"}


@pytest.mark.parametrize("silent", [False, True])
def test_leases_of_another_machine_expire(
    silent: bool, where: str, execute: Callable[[str], Any], process: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = start_holder(process, where, "a")
    execute("UPDATE claimants SET host = 'elsewhere'")
    other.send_signal(signal.SIGKILL)
    other.communicate(timeout=30)
    if silent:
        monkeypatch.setattr(leases, "LEASE_SECONDS", 0.001)
    assert acquire(where, "a")[0] == ({"a"} if silent else set())


def test_heartbeats_extend_leases(where: str, execute: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The holder seems to run on another machine, with a lease that has expired until its next heartbeat."""
    monkeypatch.setattr(store_module, "HEARTBEAT_SECONDS", 0.02)

    async def go() -> None:
        with CompletionCache(where) as one, CompletionCache(where) as other:
            assert (await one.acquire(["a"])).keys
            execute(f"UPDATE claimants SET host = 'elsewhere', seen = seen - {2 * leases.LEASE_SECONDS}")
            for _ in range(100):
                await asyncio.sleep(0.02)
                if execute(f"SELECT 1 FROM claimants WHERE seen > {time.time() - leases.LEASE_SECONDS}"):
                    break
            assert not (await other.acquire(["a"])).keys

    asyncio.run(go())


def test_acquire_after_a_pause_sends_a_heartbeat(where: str, execute: Callable[[str], Any]) -> None:
    async def go() -> None:
        with CompletionCache(where) as one, CompletionCache(where) as other:
            assert (await one.acquire(["a"])).keys
            await one.put("a", "m", None, COMPLETION)
            execute(f"UPDATE claimants SET host = 'elsewhere', seen = seen - {2 * leases.LEASE_SECONDS}")
            holders = one._database._leases if "://" not in where else one._database  # type: ignore[attr-defined]
            holders._last_heartbeat -= 2 * leases.LEASE_SECONDS
            assert (await one.acquire(["b"])).keys
            assert not (await other.acquire(["b"])).keys

    asyncio.run(go())


def test_holder_taken_for_dead_registers_again(
    where: str, monkeypatch: pytest.MonkeyPatch, execute: Callable[[str], Any]
) -> None:
    monkeypatch.setattr(store_module, "HEARTBEAT_SECONDS", 0.05)

    async def go() -> None:
        with CompletionCache(where) as one, CompletionCache(where) as other:
            assert (await one.acquire(["a"])).keys
            execute("DELETE FROM claims")
            execute("DELETE FROM claimants")
            assert (await other.acquire(["a"])).keys
            await asyncio.sleep(0.3)
            assert (await one.acquire(["a", "b"])).keys == {"b"}
            assert await one.put("a", "m", None, COMPLETION) == COMPLETION
            assert not (await other.acquire(["b"])).keys, "it sends heartbeats again"
            one.release(["b"])
            await one.drain()
            assert (await other.acquire(["b"])).keys

    asyncio.run(go())
