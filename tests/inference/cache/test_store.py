"""Tests of the completion cache, in a file and on a server."""

import asyncio
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from openmedlm.data import UserError
from openmedlm.inference import CompletionCache
from openmedlm.inference.request import Completion

COMPLETION = Completion("The answer is B.", "stop", 120, 6, 64, 0.0025, 1.5)
START = Callable[..., subprocess.Popen[str]]


def put(where: str, completions: dict[str, Completion], budget_id: str | None = None) -> None:
    async def go(store: CompletionCache) -> None:
        await asyncio.gather(*[store.put(key, "m", "http://x", done, budget_id) for key, done in completions.items()])

    with CompletionCache(where) as store:
        asyncio.run(go(store))


def test_get_returns_what_was_put(where: str) -> None:
    bare = Completion("", None, 0, 0, 0, None, 0.0)
    odd = Completion('µ-opioid\u2028 "🫀" \x00 \x1a0 \x1a\x00 \\n {question} :key', "le\x00ngth", 1, 2, 3, 0.0, 0.1)
    completions = {"k": COMPLETION, "bare": bare, "odd": odd}
    put(where, completions)
    with CompletionCache(where) as store:
        assert {key: store.get(key) for key in completions} == completions
        assert asyncio.run(store.get_many([*completions, "missing"])) == completions


def test_get_of_an_unknown_key_is_none(where: str) -> None:
    with CompletionCache(where) as store:
        assert store.get("k") is None
        assert asyncio.run(store.get_many(["k", "l"])) == {}


def test_put_keeps_the_first_completion_of_a_key(where: str) -> None:
    async def again() -> Completion:
        return await store.put("k", "m", None, Completion("Another.", "stop", 1, 1, 0, None, 1.0))

    put(where, {"k": COMPLETION})
    with CompletionCache(where) as store:
        assert asyncio.run(again()) == COMPLETION
        assert store.get("k") == COMPLETION


def test_put_is_visible_to_other_connections_at_once(where: str) -> None:
    async def go(mine: CompletionCache, other: CompletionCache) -> Completion | None:
        await mine.put("k", "m", None, COMPLETION)
        return other.get("k")

    with CompletionCache(where) as mine, CompletionCache(where) as other:
        assert asyncio.run(go(mine, other)) == COMPLETION


def test_drain_writes_cancelled_puts(where: str) -> None:
    async def go(store: CompletionCache) -> None:
        putting = [asyncio.ensure_future(store.put(f"k{n}", "m", None, COMPLETION)) for n in range(100)]
        await asyncio.sleep(0)
        for task in putting:
            task.cancel()
        await store.drain()

    with CompletionCache(where) as store:
        asyncio.run(go(store))
        assert all(store.get(f"k{n}") == COMPLETION for n in range(100))


def test_concurrent_writers_lose_nothing(where: str, process: START) -> None:
    writers = [process("writer", where, name, 300) for name in ("one", "two", "three")]
    for writer in writers:
        out, err = writer.communicate(timeout=300)
        assert writer.returncode == 0, err
        assert len(out.split()) == 300
    with CompletionCache(where) as store:
        for name in ("one", "two", "three"):
            assert all(store.get(f"{name}-{number}").text == f"{name}-{number}" for number in range(300))


def test_killed_writer_loses_no_completion(where: str, process: START) -> None:
    writer = process("writer", where, "mine", 1_000_000)
    assert writer.stdout is not None
    kept = [writer.stdout.readline().strip() for _ in range(57)]
    writer.send_signal(signal.SIGKILL)
    rest, _ = writer.communicate(timeout=30)
    assert writer.returncode == -signal.SIGKILL
    kept += rest.split()
    with CompletionCache(where) as store:
        assert all(store.get(key).text == key for key in kept if key.partition("-")[2])


def test_newer_schema_is_rejected_and_unchanged(where: str, execute: Callable[[str], Any]) -> None:
    put(where, {"k": COMPLETION})
    sqlite = "://" not in where
    execute("PRAGMA user_version = 99" if sqlite else "UPDATE store_version SET version_num = '99'")
    with pytest.raises(UserError, match="another version of openmedlm"):
        CompletionCache(where)
    query = "PRAGMA user_version" if sqlite else "SELECT version_num FROM store_version"
    assert [(str(version),) for (version,) in execute(query)] == [("99",)]


def test_record_test_use_counts_each_program_once(where: str) -> None:
    uses = [("p1", "q"), ("p1", "q"), ("p2", "q"), ("p1", "other"), ("p2", "q")]
    with CompletionCache(where) as store:
        assert [store.record_test_use("medqa", "m", *use) for use in uses] == [
            1,
            1,
            2,
            3,
            3,
        ]
        assert store.record_test_use("mmlu", "m", "p1", "q") == 1
        assert store.record_test_use("medqa", "other", "p1", "q") == 1
    with CompletionCache(where) as store:
        assert store.record_test_use("medqa", "m", "p3", "q") == 4


def test_spent_counts_by_budget_id(where: str) -> None:
    completion = Completion("A", "stop", 100, 10, 0, 0.5, 0.1)
    put(where, {f"s{n}": completion for n in range(3)}, "study")
    put(where, {"s0": completion}, "other")  # already cached, but requested and paid for again
    put(where, {f"n{n}": completion for n in range(5)})
    with CompletionCache(where) as store:
        assert store.spent("study") == (3, 300, 30, 1.5)
        assert store.spent("study").tokens == 330
        assert store.spent("other").calls == 1
        assert asyncio.run(store.spent_async("unknown")) == (0, 0, 0, 0.0)
