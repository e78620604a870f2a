"""Tests of commands on a Ray cluster of two machines with four replicas, one of each killed at the end."""

import os
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from namespaces import Machines
from postgres_server import PostgresServer

SUPPORT = Path(__file__).parents[1] / "support"
REPLICAS = 4
CONCURRENCY = 16
TIME_FILES = ("timing.json", "seconds.parquet", "tuning.json", "report.html", "study.db")
RAY = {
    **os.environ,
    **{"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": uuid.uuid4().hex * 2},
    # By default, Ray notices after fifteen seconds that a machine is dead.
    **{"RAY_health_check_period_ms": "500", "RAY_health_check_failure_threshold": "3"},
}
DATA = ("-b", "mmlu", "--data-dir", "sample", "-m", "hosted_vllm/small", "--model-id", "small")


@dataclass
class Replica:
    """Model server in a process, with a log of its requests."""

    process: "subprocess.Popen[str]"
    url: str
    log: Path


@dataclass
class Fleet:
    """Ray cluster on two machines, with replicas on the first."""

    machines: Machines
    address: str
    replicas: list[Replica]
    folder: Path

    def run(self, output: str, *command: object, engine: Sequence[object] = ()) -> "subprocess.Popen[str]":
        """Start a command on the first machine."""
        addresses = [part for replica in self.replicas for part in ("--api-base", replica.url)]
        return self.machines.start(
            0,
            *(sys.executable, "-m", "openmedlm", *command, *DATA, *addresses, "--max-concurrency", CONCURRENCY),
            *(*engine, "-o", output),
            cwd=self.folder,
            env={**RAY, "XDG_DATA_HOME": str(self.folder / "data-home")},
        )

    @property
    def on_ray(self) -> tuple[str, ...]:
        return ("--engine", "ray", "--ray-address", self.address)

    def requests(self) -> "Counter[str]":
        """Return how often each request was sent, to any replica."""
        return Counter(line for replica in self.replicas for line in replica.log.read_text().split())

    def clear_logs(self) -> None:
        for replica in self.replicas:
            os.truncate(replica.log, 0)


def finish(process: "subprocess.Popen[str]", seconds: float = 900) -> str:
    out, err = process.communicate(timeout=seconds)
    assert process.returncode in (0, 3), err
    assert "Traceback" not in err
    return out


def files(output: Path) -> dict[str, bytes]:
    paths = [output] if output.is_file() else sorted(output.rglob("*"))
    return {path.name: path.read_bytes() for path in paths if path.is_file() and path.name not in TIME_FILES}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Return the cluster of all tests; the last one breaks it."""
    with Machines(2) as machines:
        yield from _start_fleet(machines, tmp_path_factory.mktemp("fleet"))


def _start_fleet(machines: Machines, folder: Path) -> Iterator[Fleet]:
    head = f"{machines.addresses[0]}:6379"
    ray = (Path(sys.executable).with_name("ray"), "start", "--num-cpus", 2, "--object-store-memory", 80_000_000)
    roles = ("--head", "--port", 6379, "--include-dashboard", "false"), ("--address", head)
    for number, options in enumerate(roles):
        node = machines.start(number, *ray, *options, "--node-ip-address", machines.addresses[number], env=RAY)
        assert node.wait(120) == 0, node.communicate()
    replicas = []
    for number in range(REPLICAS):
        log = folder / f"replica-{number}"
        log.touch()
        process = machines.start(0, sys.executable, SUPPORT / "replica.py", machines.addresses[0], 0.05, log)
        assert process.stdout is not None
        replicas.append(Replica(process, process.stdout.readline().strip(), log))
    assert machines.leaks() == set()
    (folder / "data").mkdir()  # a folder of the user, not our package
    yield Fleet(machines, head, replicas, folder)


@pytest.mark.parametrize(
    ("command", "output"),
    [
        (("ladder", "--votes", "3", "--limit", "6"), "."),
        (("pool", "--rounds", "2"), "pool.jsonl"),
        (("tune", "--trials", "5", "--block", "3"), "program"),
    ],
    ids=["ladder", "pool", "tune"],
)
def test_ray_writes_the_files_of_one_process(
    command: tuple[str, ...], output: str, cluster: Fleet, postgres: PostgresServer
) -> None:
    cluster.clear_logs()
    written = []
    for kind, engine, store in (
        ("local", (), "local.sqlite"),
        ("ray", cluster.on_ray, postgres.new_database()),
    ):
        folder = f"{command[0]}-{kind}"
        inside = "/pool.jsonl" if command[0] == "pool" else ""
        finish(cluster.run(f"{folder}{inside}", *command, engine=(*engine, "--store", store)))
        written.append(files(cluster.folder / folder / output))
        assert set(cluster.requests().values()) == {1}, "sent twice"
        cluster.clear_logs()
    assert written[0] == written[1]
    assert written[0]
    assert cluster.machines.leaks() == set()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-m", "local/smollm2-135m"), "smollm2-135m"),
        (("-m", "hosted_vllm/m", "--api-base", "{url}", "--ray-address", "127.0.0.1:9"), "127.0.0.1:9"),
    ],
)
def test_unusable_cluster_is_a_one_line_error(
    options: tuple[str, ...], message: str, cluster: Fleet, openmedlm: Callable
) -> None:
    address = cluster.replicas[0].url
    command = ("evaluate", "zero-shot", "-b", "mmlu", "--data-dir", "sample", "--engine", "ray")
    started = cluster.machines.start(
        0,
        *(sys.executable, "-m", "openmedlm", *command, *(part.format(url=address) for part in options)),
        cwd=cluster.folder,
        env=RAY,
    )
    out, err = started.communicate(timeout=900)
    assert (started.returncode, out) == (2, ""), err
    assert message in err
    assert "Traceback" not in err
    assert openmedlm("evaluate", "zero-shot", *DATA[:4], "-m", "x/y", "--engine", "rey").code == 2


def test_dead_machine_and_replica_lose_no_vote(cluster: Fleet, postgres: PostgresServer) -> None:
    cluster.clear_logs()
    command = ("evaluate", "ensemble", "few-shot", "--member", "few-shot", "--votes", "15", "--all-votes")
    store = ("--store", postgres.new_database())
    running = cluster.run("ray", *command, engine=(*cluster.on_ray, "--ray-workers", 4, *store))
    deadline = time.monotonic() + 900
    while sum(cluster.requests().values()) < 60 or not any("Worker" in name for name in cluster.machines.running(1)):
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    cluster.machines.kill(cluster.machines.names[1])
    cluster.replicas[3].process.kill()
    finish(running)
    requests = cluster.requests()
    assert sum(requests.values()) - len(requests) <= CONCURRENCY, "requests in flight"
    cluster.replicas.pop()
    finish(cluster.run("again", *command, engine=store))
    assert len(cluster.requests() | requests) == len(requests), "every vote is cached"
    assert files(cluster.folder / "ray") == files(cluster.folder / "again")
