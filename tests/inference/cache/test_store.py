"""Completions on disk: whole, once, and still there after the process is gone; in a file and on a server."""

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


def put(where: str, completions: dict[str, Completion], purpose: str | None = None) -> None:
    async def go(store: CompletionCache) -> None:
        await asyncio.gather(*[store.put(key, "m", "http://x", done, purpose) for key, done in completions.items()])

    with CompletionCache(where) as store:
        asyncio.run(go(store))


def test_a_completion_comes_back_as_it_was_put(where: str) -> None:
    bare = Completion("", None, 0, 0, 0, None, 0.0)
    odd = Completion('µ-opioid\u2028 "🫀" \x00 \x1a0 \x1a\x00 \\n {question} :key', "le\x00ngth", 1, 2, 3, 0.0, 0.1)
    kept = {"k": COMPLETION, "bare": bare, "odd": odd}
    put(where, kept)
    with CompletionCache(where) as store:
        assert {key: store.get(key) for key in kept} == kept
        assert asyncio.run(store.get_many([*kept, "missing"])) == kept


def test_what_was_never_put_is_not_there(where: str) -> None:
    with CompletionCache(where) as store:
        assert store.get("k") is None
        assert asyncio.run(store.get_many(["k", "l"])) == {}


def test_a_key_keeps_what_it_had_first(where: str) -> None:
    async def again() -> Completion:
        return await store.put("k", "m", None, Completion("Another.", "stop", 1, 1, 0, None, 1.0))

    put(where, {"k": COMPLETION})
    with CompletionCache(where) as store:
        assert asyncio.run(again()) == COMPLETION
        assert store.get("k") == COMPLETION


def test_a_completion_can_be_read_by_others_as_soon_as_put_returns(where: str) -> None:
    async def go(mine: CompletionCache, other: CompletionCache) -> Completion | None:
        await mine.put("k", "m", None, COMPLETION)
        return other.get("k")

    with CompletionCache(where) as mine, CompletionCache(where) as other:
        assert asyncio.run(go(mine, other)) == COMPLETION


def test_what_is_still_being_written_is_there_after_draining(where: str) -> None:
    async def go(store: CompletionCache) -> None:
        putting = [asyncio.ensure_future(store.put(f"k{n}", "m", None, COMPLETION)) for n in range(100)]
        await asyncio.sleep(0)
        for task in putting:
            task.cancel()
        await store.drain()

    with CompletionCache(where) as store:
        asyncio.run(go(store))
        assert all(store.get(f"k{n}") == COMPLETION for n in range(100))


def test_processes_that_make_a_store_and_write_at_once_lose_nothing(where: str, process: START) -> None:
    writers = [process("writer", where, name, 300) for name in ("one", "two", "three")]
    for writer in writers:
        said, complained = writer.communicate(timeout=60)
        assert writer.returncode == 0, complained
        assert len(said.split()) == 300
    with CompletionCache(where) as store:
        for name in ("one", "two", "three"):
            assert all(store.get(f"{name}-{number}").text == f"{name}-{number}" for number in range(300))


def test_a_killed_process_leaves_every_completion_that_was_put(where: str, process: START) -> None:
    writer = process("writer", where, "mine", 1_000_000)
    assert writer.stdout is not None
    kept = [writer.stdout.readline().strip() for _ in range(57)]
    writer.send_signal(signal.SIGKILL)
    rest, _ = writer.communicate(timeout=30)
    assert writer.returncode == -signal.SIGKILL
    kept += rest.split()
    with CompletionCache(where) as store:
        assert all(store.get(key).text == key for key in kept if key.partition("-")[2])


def test_a_store_of_a_later_version_is_refused_and_left_alone(where: str, execute: Callable[[str], Any]) -> None:
    put(where, {"k": COMPLETION})
    sqlite = "://" not in where
    execute("PRAGMA user_version = 99" if sqlite else "UPDATE store_version SET version_num = '99'")
    with pytest.raises(UserError, match="another version of openmedlm; name another"):
        CompletionCache(where)
    asked = "PRAGMA user_version" if sqlite else "SELECT version_num FROM store_version"
    assert [(str(version),) for (version,) in execute(asked)] == [("99",)]


def test_each_program_and_question_set_is_one_look_at_test_however_often_it_runs(where: str) -> None:
    looks = [("p1", "q"), ("p1", "q"), ("p2", "q"), ("p1", "other"), ("p2", "q")]
    with CompletionCache(where) as store:
        assert [store.record_test_use("medqa", "m", program, asked) for program, asked in looks] == [1, 1, 2, 3, 3]
        assert store.record_test_use("mmlu", "m", "p1", "q") == 1
        assert store.record_test_use("medqa", "other", "p1", "q") == 1
    with CompletionCache(where) as store:
        assert store.record_test_use("medqa", "m", "p3", "q") == 4


def test_what_is_bought_for_a_purpose_is_counted_there(where: str) -> None:
    api_calls = Completion("A", "stop", 100, 10, 0, 0.5, 0.1)
    put(where, {f"s{n}": api_calls for n in range(3)}, "study")
    put(where, {"s0": api_calls}, "other")  # which another had bought before, and was paid for all the same
    put(where, {f"n{n}": api_calls for n in range(5)})
    with CompletionCache(where) as store:
        assert store.spent("study") == (3, 300, 30, 1.5)
        assert store.spent("study").tokens == 330
        assert store.spent("other").calls == 1
        assert asyncio.run(store.spent_async("unknown")) == (0, 0, 0, 0.0)
