"""Studies that are killed at any moment, and studies that several workers share."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
import orjson
import pytest
from model_server import Asked, ModelServer, Reply
from optuna.trial import TrialState
from postgres_server import PostgresServer
from student import Student
from warm import Command

from openmedlm.data import load_split
from openmedlm.utils.urls import with_driver

TRIALS = 8
SPACE = "strategy: [zero-shot, few-shot]\nk: [1, 5]\nvotes: [1, 3, 5]\ninstructions: [default]\n"
Start = Callable[..., Command]


@pytest.fixture
def start(server: ModelServer, tmp_path: Path, start_command: Start) -> Start:
    """Start `tune` in a process, against a slow server."""
    student = Student(load_split("mmlu", "dev", "sample"))

    def slowly(request: Asked) -> Reply:
        return Reply(student(request).text, delay=0.02)

    server.reply = slowly
    (tmp_path / "space.yaml").write_text(SPACE)

    def start(directory: str, *options: str, store: str = "votes.sqlite") -> Command:
        return start_command(
            *("tune", "-m", "hosted_vllm/small", "--api-base", server.base_url, "-b", "mmlu", "--data-dir", "sample"),
            *("--space", "space.yaml", "--trials", TRIALS, "--block", 3, "--store", store, "--json"),
            *("--max-concurrency", 2, "-o", directory, *options),
        )

    return start


def result(process: Command) -> dict[str, Any]:
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return orjson.loads(out)  # type: ignore[no-any-return]


def wait_for(server: ModelServer, requests: int, process: Command) -> None:
    deadline = time.monotonic() + 120
    while len(server.requests) < requests and process.poll() is None:
        assert time.monotonic() < deadline, "the command sent nothing"
        time.sleep(0.01)


def programs(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((directory / "program").iterdir())}


@pytest.mark.parametrize(("storage", "every"), [("sqlite:///study.db", 17), ("journal:study.log", 45)])
def test_repeatedly_killed_study_ends_the_same(
    storage: str, every: int, start: Start, server: ModelServer, tmp_path: Path
) -> None:
    whole = result(start("whole", store="whole.sqlite"))
    calls = len(server.requests)
    server.requests.clear()
    kills = range(3, calls, every)
    for killed_after in kills:
        process = start("out", "--storage", storage)
        wait_for(server, killed_after, process)
        process.kill()
        process.communicate()
    ended = result(start("out", "--storage", storage))
    assert programs(tmp_path / "out") == programs(tmp_path / "whole")
    assert (tmp_path / "out/trials.jsonl").exists()
    ignored = {"seconds", "program", "calls", "prompt_tokens", "completion_tokens", "trials"}
    assert {k: v for k, v in ended.items() if k not in ignored} == {k: v for k, v in whole.items() if k not in ignored}
    # Only requests in flight at a kill, two here, may be sent once more.
    assert len(server.requests) - calls <= 2 * len(kills)
    assert ended["calls"] == len({request.identity for request in server.requests})


def test_ctrl_c_exits_130_and_the_study_resumes(start: Start, server: ModelServer) -> None:
    process = start("out")
    wait_for(server, 10, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "rerun the same command to resume" in errors.lower()
    assert "Traceback" not in errors
    sent = len(server.requests)
    assert result(start("out"))["calls"] >= sent - 2


def test_workers_with_one_storage_share_a_study(start: Start, server: ModelServer, tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'shared.db'}"
    workers = [start(f"out{number}", "--storage", storage) for number in range(3)]
    ended = [result(worker) for worker in workers]
    (summary,) = optuna.get_all_study_summaries(storage)
    study = optuna.load_study(study_name=summary.study_name, storage=storage)
    done = [trial for trial in study.trials if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    assert TRIALS <= len(done) <= TRIALS + 2  # each worker may begin its last trial before it sees those of the others
    assert not study.get_trials(states=(TrialState.RUNNING,))
    assert len({tuple(trial.user_attrs["worker"]) for trial in done}) > 1
    firsts = [trial.user_attrs["first"] for trial in done if "first" in trial.user_attrs]
    assert len(firsts) == len(set(firsts))
    assert len({orjson.dumps(each["configuration"]) for each in ended}) == 1
    assert max(each["calls"] for each in ended) == len(server.requests)
    assert len(server.requests) == len({request.identity for request in server.requests})


def test_tune_with_workers_runs_several_processes(start: Start, server: ModelServer, postgres: PostgresServer) -> None:
    url = postgres.new_database()
    ended = result(start("out", "--storage", url, "--workers", "2", store=url))
    (summary,) = optuna.get_all_study_summaries(with_driver(url))
    study = optuna.load_study(study_name=summary.study_name, storage=with_driver(url))
    done = [trial for trial in study.trials if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    assert TRIALS <= len(done) <= TRIALS + 1
    assert len({tuple(trial.user_attrs["worker"]) for trial in done}) == 2
    assert server.busiest <= 2
    assert ended["calls"] == len(server.requests) == len({request.identity for request in server.requests})


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_workers_end_with_their_command(
    sent: signal.Signals, code: int, start: Start, server: ModelServer, tmp_path: Path
) -> None:
    process = start("out", "--workers", "3")
    wait_for(server, 15, process)
    workers = children(process)
    assert len(workers) >= 2
    process.send_signal(sent)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in errors
    deadline = time.monotonic() + 10
    while any(map(running, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(running, workers))
    assert result(start("out"))["trials"]["complete"] > 0
    twice = len(server.requests) - len({request.identity for request in server.requests})
    assert twice <= 3, "what was in flight, one for each worker"
    assert server.busiest <= 2, "what --max-concurrency allows, however many workers there are"


def test_workers_ignore_ctrl_c_from_the_start(start: Start, tmp_path: Path) -> None:
    process = start("out", "--workers", "2")
    ends = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < ends:
        for pid in children(process):  # a terminal sends it to all of them, while the command must end them
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
        time.sleep(0.02)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert "a worker stopped" not in errors


def children(process: Command) -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    except OSError:  # the process ended
        return []


def running(pid: int) -> bool:
    """Return True if a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_trial_of_a_killed_worker_is_repeated(start: Start, server: ModelServer, tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'shared.db'}"
    dying = start("out1", "--storage", storage)
    wait_for(server, 8, dying)
    dying.kill()
    dying.communicate()
    result(start("out2", "--storage", storage))
    (summary,) = optuna.get_all_study_summaries(storage)
    study = optuna.load_study(study_name=summary.study_name, storage=storage)
    states = [trial.state for trial in study.trials]
    assert states.count(TrialState.FAIL) == 1
    assert len(states) - 1 == TRIALS
