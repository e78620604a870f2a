"""Commands on a Ray cluster of two machines, with four replicas, and what is left when one of each dies."""

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
AT_ONCE = 16
OF_TIME = ("timing.json", "seconds.parquet", "tuning.json", "report.html", "study.db")
RAY = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": uuid.uuid4().hex * 2}
DATA = ("-b", "mmlu", "--data-dir", "sample", "-m", "hosted_vllm/small", "--model-id", "small")


@dataclass
class Replica:
    """A model server in a process, and the requests that it was sent."""

    process: "subprocess.Popen[str]"
    url: str
    log: Path


@dataclass
class Fleet:
    """Two machines with a Ray cluster on them, and replicas on the first."""

    machines: Machines
    address: str
    replicas: list[Replica]
    folder: Path

    def run(self, place: str, *command: object, engine: Sequence[object] = ()) -> "subprocess.Popen[str]":
        """Starts a command on the first machine."""
        where = [part for replica in self.replicas for part in ("--api-base", replica.url)]
        return self.machines.start(
            0,
            *(sys.executable, "-m", "openmedlm", *command, *DATA, *where, "--max-concurrency", AT_ONCE),
            *(*engine, "-o", place),
            cwd=self.folder,
            env={**RAY, "XDG_DATA_HOME": str(self.folder / "data-home")},
        )

    @property
    def on_ray(self) -> tuple[str, ...]:
        return ("--engine", "ray", "--ray-address", self.address)

    def asked(self) -> "Counter[str]":
        """How often each request was sent, to whichever replica."""
        return Counter(line for replica in self.replicas for line in replica.log.read_text().split())

    def forget(self) -> None:
        for replica in self.replicas:
            os.truncate(replica.log, 0)


def ended(process: "subprocess.Popen[str]", seconds: float = 180) -> str:
    out, said = process.communicate(timeout=seconds)
    assert process.returncode in (0, 3), said
    assert "Traceback" not in said
    return out


def files(place: Path) -> dict[str, bytes]:
    found = [place] if place.is_file() else sorted(place.rglob("*"))
    return {path.name: path.read_bytes() for path in found if path.is_file() and path.name not in OF_TIME}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A cluster that all tests share; the last one breaks it."""
    with Machines(2) as machines:
        yield from _fleet(machines, tmp_path_factory.mktemp("fleet"))


def _fleet(machines: Machines, folder: Path) -> Iterator[Fleet]:
    head = f"{machines.addresses[0]}:6379"
    ray = (Path(sys.executable).with_name("ray"), "start", "--num-cpus", 2, "--object-store-memory", 80_000_000)
    where = ("--head", "--port", 6379, "--include-dashboard", "false"), ("--address", head)
    for number, options in enumerate(where):
        node = machines.start(number, *ray, *options, "--node-ip-address", machines.addresses[number], env=RAY)
        assert node.wait(120) == 0, node.communicate()
    replicas = []
    for number in range(REPLICAS):
        log = folder / f"replica-{number}"
        log.touch()
        process = machines.start(0, sys.executable, SUPPORT / "replica.py", machines.addresses[0], 0.05, log)
        assert process.stdout is not None
        replicas.append(Replica(process, process.stdout.readline().strip(), log))
    assert machines.heard_outside() == set()
    (folder / "data").mkdir()  # of the user's own, and no package of ours
    yield Fleet(machines, head, replicas, folder)


@pytest.mark.parametrize(
    ("command", "left"),
    [
        (("evaluate", "knn-few-shot", "ensemble", "--member", "knn-few-shot", "--votes", "5"), "."),
        (("ladder", "--votes", "3", "--limit", "6"), "."),
        (("pool", "--rounds", "2"), "pool.jsonl"),
        (("tune", "--trials", "5", "--block", "3"), "program"),
    ],
    ids=["evaluate", "ladder", "pool", "tune"],
)
def test_a_cluster_writes_the_files_that_one_process_writes(
    command: tuple[str, ...], left: str, cluster: Fleet, postgres: PostgresServer
) -> None:
    cluster.forget()
    written = []
    for kind, engine, store in (
        ("local", (), "local.sqlite"),
        ("ray", cluster.on_ray, postgres.new_database()),
    ):
        place = f"{command[0]}-{kind}"
        inside = "/pool.jsonl" if command[0] == "pool" else ""
        ended(cluster.run(f"{place}{inside}", *command, engine=(*engine, "--store", store)))
        written.append(files(cluster.folder / place / left))
        asked = cluster.asked()
        assert set(asked.values()) == {1}, "bought twice"
        cluster.forget()
    assert written[0] == written[1]
    assert written[0]
    assert cluster.machines.heard_outside() == set()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("-m", "local/smollm2-135m"), "answers this machine only"),
        (("-m", "hosted_vllm/m", "--api-base", "{url}", "--ray-address", "127.0.0.1:9"), "no cluster at 127.0.0.1:9"),
    ],
)
def test_what_a_cluster_can_not_do_is_one_clear_line(
    given: tuple[str, ...], said: str, cluster: Fleet, openmedlm: Callable
) -> None:
    address = cluster.replicas[0].url
    command = ("evaluate", "zero-shot", "-b", "mmlu", "--data-dir", "sample", "--engine", "ray")
    started = cluster.machines.start(
        0,
        *(sys.executable, "-m", "openmedlm", *command, *(part.format(url=address) for part in given)),
        cwd=cluster.folder,
        env=RAY,
    )
    out, told = started.communicate(timeout=120)
    assert (started.returncode, out) == (2, ""), told
    assert said in told
    assert "Traceback" not in told
    assert openmedlm("evaluate", "zero-shot", *DATA[:4], "-m", "x/y", "--engine", "rey").code == 2


def test_a_machine_and_a_replica_die_and_no_vote_is_lost(cluster: Fleet, postgres: PostgresServer) -> None:
    cluster.forget()
    command = ("evaluate", "ensemble", "few-shot", "--member", "few-shot", "--votes", "15", "--all-votes")
    store = ("--store", postgres.new_database())
    running = cluster.run("ray", *command, engine=(*cluster.on_ray, "--ray-workers", 4, *store))
    deadline = time.monotonic() + 120
    while sum(cluster.asked().values()) < 60:
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert any("Worker" in name for name in cluster.machines.running(1)), "there is work on the machine that dies"
    cluster.machines.kill(cluster.machines.names[1])
    cluster.replicas[3].process.kill()
    ended(running)
    asked = cluster.asked()
    assert sum(asked.values()) - len(asked) <= AT_ONCE, "what was in flight"
    calls = len(asked)
    cluster.replicas.pop()
    ended(cluster.run("again", *command, engine=store))
    assert len(cluster.asked() | asked) == calls, "every vote is in the store"
    assert files(cluster.folder / "ray") == files(cluster.folder / "again")
