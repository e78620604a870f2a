"""What more workers bring, what Ray costs, and votes through PostgreSQL with claims.

    python benchmarks/scaling.py workers [--in-flight 32] [--calls 4000]
    python benchmarks/scaling.py driver [--questions 1000 20000 100000]
    python benchmarks/scaling.py claims [--votes 1000000] [--processes 4]

`workers`: calls a second by `--engine ray` with 1, 2 and 4 workers of so many requests in flight each, against four
replicas that answer after 200 ms, each in a process of its own; efficiency is the rate over workers times that of one.
Then as much at once in one process, without Ray and with it.

`driver`: what the process that the user started costs, with two workers and an endpoint that answers at once: its
processor time a call, and its memory above what it had once it held the questions.

Both run in a network namespace that they make, since Ray listens on every network there is, and need to be root.

`claims`: processes that all want all votes of one PostgreSQL server, each claiming before it buys; what they buy is
made up on the spot, so that nothing but the store takes time. Counted at the end: rows, and purchases.
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
    """Calls a second, connections and workers being there already."""
    found = find_endpoint("hosted_vllm/m", urls)
    program = work.program(VOTES, temperature=0.8)
    async with open_engine(found, store, Policy(in_flight, all_votes=True), 60, cluster=cluster) as engine:
        await engine.run(program, work.questions(2 * in_flight))
        asked = work.questions(2 * in_flight + calls // VOTES)[2 * in_flight :]
        started = time.perf_counter()
        outcomes = await engine.run(program, asked)
        seconds = time.perf_counter() - started
    assert all(outcome.error is None for outcome in outcomes)
    return len(asked) * VOTES / seconds


def in_a_namespace() -> None:
    """The same command, in a network namespace of its own."""
    with Machines(1) as machines:
        command = [sys.executable, __file__, *sys.argv[1:], "--inside"]
        process = subprocess.Popen(["ip", "netns", "exec", machines.names[0], *command])
        assert process.wait() == 0
        assert machines.leaks() == set(), "something listens outside"


def connected() -> None:
    """A Ray of this process."""
    import ray

    ray.init("local", num_cpus=4, include_dashboard=False, _node_ip_address="127.0.0.1", log_to_driver=False)


def resident() -> float:
    """MiB of memory that the process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


async def driven(url: str, store: CompletionCache, asked: Sequence[Question]) -> tuple[float, float, float]:
    """Seconds of this process's processor time, of the clock, and MiB above its start, for the questions."""
    found, program = find_endpoint("hosted_vllm/m", url), work.program(VOTES, temperature=0.8)
    policy = Policy(64, all_votes=True)
    async with open_engine(found, store, policy, 60, cluster=Cluster(workers=2)) as engine:
        await engine.run(program, asked[:64])
        start, began, spent, most = resident(), time.perf_counter(), time.process_time(), 0.0

        def seen(outcome: Outcome) -> None:
            nonlocal most
            most = max(most, resident())

        await engine.run(program, asked, seen)
        return time.process_time() - spent, time.perf_counter() - began, most - start


def driver(options: argparse.Namespace) -> None:
    connected()
    for count in options.questions:
        with ExitStack() as stack:
            url = stack.enter_context(endpoint.running())
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            store = stack.enter_context(CompletionCache(Path(folder) / "votes.sqlite"))
            processor, seconds, memory = wait_for(driven(url, store, work.questions(count)))
        calls = count * VOTES
        print(
            f"{count:>9,} questions: driver {1e6 * processor / calls:,.0f} µs of processor time a call, "
            f"{memory:,.0f} MiB above its start; {calls / seconds:,.0f} calls/s",
            flush=True,
        )


def workers(options: argparse.Namespace) -> None:
    connected()
    with ExitStack() as stack:
        urls = [stack.enter_context(endpoint.running(LATENCY_MS)) for _ in range(REPLICAS)]

        def measured(in_flight: int, cluster: Cluster | None, calls: int) -> float:
            rates = []
            for _ in range(options.rounds):
                with tempfile.TemporaryDirectory() as folder, CompletionCache(Path(folder) / "votes.sqlite") as store:
                    rates.append(wait_for(rate(urls, store, in_flight, calls, cluster)))
            return statistics.median(rates)

        one = 0.0
        for count in (1, 2, 4):
            found = measured(count * options.in_flight, Cluster(workers=count), count * options.calls // 4)
            one = one or found
            print(f"ray, {count} workers: {found:7,.0f} calls/s, efficiency {found / count / one:.2f}", flush=True)
        for in_flight in (options.in_flight, 4 * options.in_flight):
            local = measured(in_flight, None, options.calls)
            on_ray = measured(in_flight, Cluster(workers=in_flight // options.in_flight), options.calls)
            print(
                f"{in_flight} in flight: local {local:,.0f}, ray {on_ray:,.0f} calls/s; ray takes "
                f"{local / on_ray:.2f} times as long",
                flush=True,
            )


def buy(url: str, votes: int, first: int) -> tuple[int, float, float]:
    """Wants all votes, from the first on and around; returns how many it bought, and when it began and ended."""
    api_calls = 0
    done = Completion("Only one of the options fits.\n\nAnswer: B", "stop", 900, 20, 800, 0.0, 0.2)

    async def want(store: CompletionCache, keys: list[str]) -> None:
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

    async def go(store: CompletionCache) -> None:
        for start in range(0, votes, 4_096):
            some = [f"vote-{(first + n) % votes:064}" for n in range(start, min(start + 4_096, votes))]
            await asyncio.gather(*(want(store, some[n : n + 8]) for n in range(0, len(some), 8)))
            await asyncio.gather(*await_for)
            await_for.clear()

    began = time.time()
    with CompletionCache(url) as store:
        asyncio.run(go(store))
    return api_calls, began, time.time()


def claims(options: argparse.Namespace) -> None:
    from sqlalchemy import create_engine, text

    from openmedlm.utils.urls import with_driver

    with PostgresServer() as server:
        url = server.new_database()
        CompletionCache(url).__exit__(None, None, None)
        starts = [(url, options.votes, n * options.votes // options.processes) for n in range(options.processes)]
        with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
            found = pool.starmap(buy, starts)
        engine = create_engine(with_driver(url))
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT count(*) FROM completions")).scalar_one()
            spent = connection.execute(text("SELECT calls FROM spending")).scalar_one()
            left = connection.execute(text("SELECT count(*) FROM claims")).scalar_one()
        engine.dispose()
    api_calls = sum(count for count, _, _ in found)
    seconds = max(end for _, _, end in found) - min(begin for _, begin, _ in found)
    print(
        f"{options.processes} processes, {os.cpu_count()} cores: {rows:,} votes in the store, {api_calls:,} bought, "
        f"{spent:,} counted as spent, {api_calls - rows:,} twice, {left} claims left; {rows / seconds:,.0f} votes/s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("workers", "driver", "claims"))
    parser.add_argument("--questions", type=int, nargs="+", default=[1_000, 20_000, 100_000])
    parser.add_argument("--in-flight", type=int, default=32)
    parser.add_argument("--calls", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--votes", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.what == "claims":
        claims(options)
    elif options.inside:
        {"workers": workers, "driver": driver}[options.what](options)
    else:
        in_a_namespace()


if __name__ == "__main__":
    main()
