"""Tests of stopped and resumed commands, in processes."""

import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from model_server import ModelServer, Reply
from postgres_server import PostgresServer
from warm import Command

Start = Callable[..., Command]

CONCURRENCY = 2
COMMANDS = {
    "pool": ("pool", "--rounds", "1", "-o", "out/pool.jsonl"),
    "evaluate": ("evaluate", "ensemble", "--member", "zero-shot", "--votes", "3", "-o", "out"),
    "ladder": ("ladder", "--votes", "3", "--limit", "6", "-o", "out"),
    "tune": ("tune", "--trials", "4", "--block", "3", "-o", "out"),
    "compile": ("compile", "-s", "few-shot", "-o", "out"),
}


@pytest.fixture
def start(server: ModelServer, start_command: Start) -> Start:
    """Start a command in a process, against a slow server."""
    server.reply = lambda asked: Reply("So it is.\n\nAnswer: B", delay=0.1)

    def start(*command: str) -> Command:
        model = ("-m", "hosted_vllm/small", "--api-base", server.base_url, "-b", "mmlu", "--data-dir", "sample")
        return start_command(*command, *model, "--max-concurrency", CONCURRENCY)

    return start


@pytest.mark.parametrize(
    ("name", "number"), [*((name, signal.SIGINT) for name in COMMANDS), ("evaluate", signal.SIGTERM)]
)
def test_stopped_command_resumes_from_the_cache(
    name: str, number: signal.Signals, start: Start, server: ModelServer, tmp_path: Path
) -> None:
    command = COMMANDS[name]
    stopped = start(*command)
    server.wait_for(5)
    stopped.send_signal(number)
    _, err = stopped.communicate(timeout=300)
    assert stopped.returncode == 128 + number
    assert "rerun the same command to resume" in err.lower()
    assert "Traceback" not in err
    answered = len(server.requests)
    ended = start(*command)
    _, err = ended.communicate(timeout=900)
    assert ended.returncode in (0, 3), err
    repeated = sum(count - 1 for count in Counter(asked.identity for asked in server.requests).values())
    assert repeated <= CONCURRENCY  # requests in flight
    assert len(server.requests) > answered
    assert not list(tmp_path.rglob("*.tmp"))


def test_killed_command_resumes_from_the_cache(start: Start, server: ModelServer) -> None:
    stopped = start(*COMMANDS["evaluate"], "--json")
    server.wait_for(6)
    stopped.kill()
    stopped.communicate()
    ended = start(*COMMANDS["evaluate"], "--json")
    out, _ = ended.communicate(timeout=900)
    assert ended.returncode == 0
    assert '"n": 12' in out
    repeated = sum(count - 1 for count in Counter(asked.identity for asked in server.requests).values())
    assert repeated <= CONCURRENCY


@pytest.mark.parametrize(("kind", "killed"), [("sqlite", False), ("postgres", True)])
def test_concurrent_commands_share_the_cache(
    kind: str, killed: bool, start: Start, server: ModelServer, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store = str(tmp_path / "votes.sqlite")
    if kind == "postgres":
        database: PostgresServer = request.getfixturevalue("postgres")
        store = database.new_database()
    command = (*COMMANDS["evaluate"][:-1], "{}", "--store", store)
    running = [start(*(part.format(output) for part in command)) for output in ("one", "two", "three")]
    if killed:
        server.wait_for(12)
        running.pop().kill()
    for each in running:
        _, err = each.communicate(timeout=900)
        assert each.returncode == 0, err
    asked = Counter(asked.identity for asked in server.requests)
    assert sum(asked.values()) - len(asked) <= (CONCURRENCY if killed else 0)
    alone = start(*(part.format("alone") for part in command))
    alone.communicate(timeout=900)
    assert len(server.requests) == sum(asked.values())
    for name in ("manifest.json", "outcomes.parquet"):
        assert len({(tmp_path / output / name).read_bytes() for output in ("one", "two", "alone")}) == 1


@pytest.mark.parametrize(
    "options",
    [
        ("-o", "/proc/out"),
        ("--store", "/proc/votes.sqlite"),
        ("-o", "/dev/null"),
        ("--store", "/dev/null/votes.sqlite"),
    ],
)
def test_unwritable_output_is_an_error_before_any_request(
    options: tuple[str, str], openmedlm: Callable[..., object], hosted: tuple[str, ...], server: ModelServer
) -> None:
    ended = openmedlm("evaluate", "zero-shot", *hosted, *options)
    assert ended.code == 2  # type: ignore[attr-defined]
    assert ended.err.count("\n") == 1  # type: ignore[attr-defined]
    assert options[1] in ended.err  # type: ignore[attr-defined]
    assert server.requests == []
