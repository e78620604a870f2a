"""Stopping commands and going on, in processes of their own."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from model_server import ModelServer, Reply
from postgres_server import PostgresServer

Start = Callable[..., "subprocess.Popen[str]"]

AT_ONCE = 2
COMMANDS = {
    "pool": ("pool", "--rounds", "1", "-o", "out/pool.jsonl"),
    "evaluate": ("evaluate", "ensemble", "--member", "zero-shot", "--votes", "3", "-o", "out"),
    "ladder": ("ladder", "--votes", "3", "--limit", "6", "-o", "out"),
    "tune": ("tune", "--trials", "4", "--block", "3", "-o", "out"),
    "compile": ("compile", "-s", "few-shot", "-o", "out"),
}


@pytest.fixture
def start(server: ModelServer, tmp_path: Path) -> Start:
    """Starts a command in a process, against a server that takes its time."""
    server.reply = lambda asked: Reply("So it is.\n\nAnswer: B", delay=0.1)

    def start(*command: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "openmedlm", *command),
                *("-m", "hosted_vllm/small", "--api-base", server.base_url, "-b", "mmlu", "--data-dir", "sample"),
                *("--max-concurrency", str(AT_ONCE)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A shell starts background commands deaf to Ctrl-C, and their children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            cwd=tmp_path,
            env={**os.environ, "XDG_DATA_HOME": str(tmp_path / "data-home")},
        )

    return start


@pytest.mark.parametrize(
    ("name", "number"), [*((name, signal.SIGINT) for name in COMMANDS), ("evaluate", signal.SIGTERM)]
)
def test_one_signal_saves_what_was_answered_and_says_how_to_go_on(
    name: str, number: signal.Signals, start: Start, server: ModelServer, tmp_path: Path
) -> None:
    command = COMMANDS[name]
    stopped = start(*command)
    server.wait_for(5)
    stopped.send_signal(number)
    _, said = stopped.communicate(timeout=60)
    assert stopped.returncode == 128 + number
    assert "rerun the same command to resume" in said.lower()
    assert "Traceback" not in said
    answered = len(server.requests)
    ended = start(*command)
    _, said = ended.communicate(timeout=300)
    assert ended.returncode in (0, 3), said
    again = sum(count - 1 for count in Counter(asked.identity for asked in server.requests).values())
    assert again <= AT_ONCE  # what was in flight
    assert len(server.requests) > answered
    assert not list(tmp_path.rglob("*.tmp"))


def test_what_was_answered_before_a_kill_is_not_asked_again(start: Start, server: ModelServer) -> None:
    stopped = start(*COMMANDS["evaluate"], "--json")
    server.wait_for(6)
    stopped.kill()
    stopped.communicate()
    ended = start(*COMMANDS["evaluate"], "--json")
    out, _ = ended.communicate(timeout=120)
    assert ended.returncode == 0
    assert '"n": 12' in out
    again = sum(count - 1 for count in Counter(asked.identity for asked in server.requests).values())
    assert again <= AT_ONCE


@pytest.mark.parametrize(("kind", "killed"), [("sqlite", False), ("postgres", True)])
def test_commands_at_once_on_one_store_buy_nothing_twice(
    kind: str, killed: bool, start: Start, server: ModelServer, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store = str(tmp_path / "votes.sqlite")
    if kind == "postgres":
        database: PostgresServer = request.getfixturevalue("postgres")
        store = database.new_database()
    command = (*COMMANDS["evaluate"][:-1], "{}", "--store", store)
    at_once = [start(*(part.format(place) for part in command)) for place in ("one", "two", "three")]
    if killed:
        server.wait_for(12)
        at_once.pop().kill()
    for each in at_once:
        _, said = each.communicate(timeout=120)
        assert each.returncode == 0, said
    asked = Counter(asked.identity for asked in server.requests)
    assert sum(asked.values()) - len(asked) <= (AT_ONCE if killed else 0)
    alone = start(*(part.format("alone") for part in command))
    alone.communicate(timeout=120)
    assert len(server.requests) == sum(asked.values())
    for name in ("manifest.json", "outcomes.parquet"):
        assert len({(tmp_path / place / name).read_bytes() for place in ("one", "two", "alone")}) == 1


@pytest.mark.parametrize(
    "places",
    [
        ("-o", "/proc/out"),
        ("--store", "/proc/votes.sqlite"),
        ("-o", "/dev/null"),
        ("--store", "/dev/null/votes.sqlite"),
    ],
)
def test_a_place_that_can_not_be_written_is_one_clear_line_before_anything_is_asked(
    places: tuple[str, str], openmedlm: Callable[..., object], hosted: tuple[str, ...], server: ModelServer
) -> None:
    ended = openmedlm("evaluate", "zero-shot", *hosted, *places)
    assert ended.code == 2  # type: ignore[attr-defined]
    assert ended.err.count("\n") == 1  # type: ignore[attr-defined]
    assert places[1] in ended.err  # type: ignore[attr-defined]
    assert server.requests == []
