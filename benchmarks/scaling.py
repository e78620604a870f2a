"""Throughput by number of workers, overhead of Ray, and votes through PostgreSQL with leases.

    python benchmarks/scaling.py workers [--in-flight 32] [--calls 4000]
    python benchmarks/scaling.py driver [--questions 1000 20000 100000]
    python benchmarks/scaling.py leases [--votes 1000000] [--processes 4]

`workers`: calls per second of `--engine ray` with 1, 2 and 4 workers, each with the same number of requests in flight,
against four replicas with 200 ms latency in separate processes. Efficiency is the rate divided by the number of workers
and by the rate of one worker. Then one process without Ray is compared with Ray at the same concurrency.

`driver`: CPU time per call of the driver process, and its memory above the start with questions loaded, with two
workers and an endpoint without latency.

Both create a network namespace, since Ray listens on every network, and need root.

`leases`: processes that all need the same votes from one PostgreSQL server, each taking a lease before a request. The
completions are synthetic, so that only the cache takes time. The result counts rows and requests.
"""

import argparse
import asyncio
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import endpoint
import work
from namespaces import Machines
from postgres_server import PostgresServer

from openmedlm.data import Question
from openmedlm.inference import Cluster, CompletionCache, Policy, find_endpoint, open_engine, wait_for
from openmedlm.inference.request import Completion
from openmedlm.metrics import Outcome

LATENCY_MS = 200
REPLICAS = 4
VOTES = 2


async def rate(urls: list[str], store: CompletionCache, in_flight: int, calls: int, cluster: Cluster | None) -> float:
    """Return the calls per second after connections and workers are set up."""
    target = find_endpoint("hosted_vllm/m", urls)
    program = work.program(VOTES, temperature=0.8)
    async with open_engine(target, store, Policy(in_flight, all_votes=True), 60, cluster=cluster) as engine:
        await engine.run(program, work.questions(2 * in_flight))
        questions = work.questions(2 * in_flight + calls // VOTES)[2 * in_flight :]
        started = time.perf_counter()
        outcomes = await engine.run(program, questions)
        seconds = time.perf_counter() - started
    assert all(outcome.error is None for outcome in outcomes)
    return len(questions) * VOTES / seconds


def run_in_namespace() -> None:
    """Run this command again, in its own network namespace."""
    with Machines(1) as machines:
        command = [sys.executable, __file__, *sys.argv[1:], "--inside"]
        process = subprocess.Popen(["ip", "netns", "exec", machines.names[0], *command])
        assert process.wait() == 0
        assert machines.leaks() == set(), "a process listens outside the namespace"


def start_ray() -> None:
    """Start a Ray cluster for this process."""
    import ray

    ray.init("local", num_cpus=4, include_dashboard=False, _node_ip_address="127.0.0.1", log_to_driver=False)


def resident_mib() -> float:
    """Return the resident memory of this process in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


async def measure_driver(url: str, store: CompletionCache, questions: Sequence[Question]) -> tuple[float, float, float]:
    """Return CPU seconds and wall-clock seconds of this process for the questions, and MiB above its start."""
    target, program = find_endpoint("hosted_vllm/m", url), work.program(VOTES, temperature=0.8)
    policy = Policy(64, all_votes=True)
    async with open_engine(target, store, policy, 60, cluster=Cluster(workers=2)) as engine:
        await engine.run(program, questions[:64])
        start, started, cpu_started, peak = resident_mib(), time.perf_counter(), time.process_time(), 0.0

        def on_outcome(outcome: Outcome) -> None:
            nonlocal peak
            peak = max(peak, resident_mib())

        await engine.run(program, questions, on_outcome)
        return time.process_time() - cpu_started, time.perf_counter() - started, peak - start


def driver(options: argparse.Namespace) -> None:
    """Measure and print the cost of the driver process."""
    start_ray()
    for count in options.questions:
        with ExitStack() as stack:
            url = stack.enter_context(endpoint.running())
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            store = stack.enter_context(CompletionCache(Path(folder) / "votes.sqlite"))
            cpu_seconds, seconds, memory = wait_for(measure_driver(url, store, work.questions(count)))
        calls = count * VOTES
        print(
            f"{count:>9,} questions: driver {1e6 * cpu_seconds / calls:,.0f} µs CPU time per call, "
            f"{memory:,.0f} MiB above its start; {calls / seconds:,.0f} calls/s",
            flush=True,
        )


def workers(options: argparse.Namespace) -> None:
    """Measure and print the throughput by number of workers."""
    start_ray()
    with ExitStack() as stack:
        urls = [stack.enter_context(endpoint.running(LATENCY_MS)) for _ in range(REPLICAS)]

        def median_rate(in_flight: int, cluster: Cluster | None, calls: int) -> float:
            rates = []
            for _ in range(options.rounds):
                with tempfile.TemporaryDirectory() as folder, CompletionCache(Path(folder) / "votes.sqlite") as store:
                    rates.append(wait_for(rate(urls, store, in_flight, calls, cluster)))
            return statistics.median(rates)

        one = 0.0
        for count in (1, 2, 4):
            calls_per_second = median_rate(
                count * options.in_flight, Cluster(workers=count), count * options.calls // 4
            )
            one = one or calls_per_second
            print(
                f"ray, {count} workers: {calls_per_second:7,.0f} calls/s, "
                f"efficiency {calls_per_second / count / one:.2f}",
                flush=True,
            )
        for in_flight in (options.in_flight, 4 * options.in_flight):
            local = median_rate(in_flight, None, options.calls)
            on_ray = median_rate(in_flight, Cluster(workers=in_flight // options.in_flight), options.calls)
            print(
                f"{in_flight} in flight: local {local:,.0f} calls/s, ray {on_ray:,.0f} calls/s; ray takes "
                f"{local / on_ray:.2f} times as long",
                flush=True,
            )


def request_votes(url: str, votes: int, first: int) -> tuple[int, float, float]:
    """Request all votes in cyclic order from `first`; return the number of requests, and start and end time."""
    api_calls = 0
    done = Completion("Only one of the options fits.\n\nAnswer: B", "stop", 900, 20, 800, 0.0, 0.2)

    async def get(store: CompletionCache, keys: list[str]) -> None:
        nonlocal api_calls
        while keys:
            claimed = await store.acquire(keys)
            for key in claimed.keys:
                await_for.append(asyncio.ensure_future(store.put(key, "m", None, done, "benchmark")))
            api_calls += len(claimed.keys)
            keys = [key for key in keys if key not in claimed.keys and key not in claimed.completions]
            if keys:
                await asyncio.sleep(0.02)

    await_for: list[asyncio.Future[Completion]] = []

    async def get_all(store: CompletionCache) -> None:
        for start in range(0, votes, 4_096):
            keys = [f"vote-{(first + n) % votes:064}" for n in range(start, min(start + 4_096, votes))]
            await asyncio.gather(*(get(store, keys[n : n + 8]) for n in range(0, len(keys), 8)))
            await asyncio.gather(*await_for)
            await_for.clear()

    started = time.time()
    with CompletionCache(url) as store:
        asyncio.run(get_all(store))
    return api_calls, started, time.time()


def leases(options: argparse.Namespace) -> None:
    """Count rows and requests of processes that need the same votes."""
    from sqlalchemy import create_engine, text

    from openmedlm.utils.urls import with_driver

    with PostgresServer() as server:
        url = server.new_database()
        CompletionCache(url).__exit__(None, None, None)
        starts = [(url, options.votes, n * options.votes // options.processes) for n in range(options.processes)]
        with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
            results = pool.starmap(request_votes, starts)
        engine = create_engine(with_driver(url))
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT count(*) FROM completions")).scalar_one()
            spent = connection.execute(text("SELECT calls FROM spending")).scalar_one()
            left = connection.execute(text("SELECT count(*) FROM claims")).scalar_one()
        engine.dispose()
    api_calls = sum(count for count, _, _ in results)
    seconds = max(end for _, _, end in results) - min(start for _, start, _ in results)
    print(
        f"{options.processes} processes, {os.cpu_count()} cores: {rows:,} votes in the cache, {api_calls:,} requested, "
        f"{spent:,} counted in usage, {api_calls - rows:,} requested twice, {left} leases left; "
        f"{rows / seconds:,.0f} votes/s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measurement", choices=("workers", "driver", "leases"))
    parser.add_argument("--questions", type=int, nargs="+", default=[1_000, 20_000, 100_000])
    parser.add_argument("--in-flight", type=int, default=32)
    parser.add_argument("--calls", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--votes", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measurement == "leases":
        leases(options)
    elif options.inside:
        {"workers": workers, "driver": driver}[options.measurement](options)
    else:
        run_in_namespace()


if __name__ == "__main__":
    main()
