"""A run's questions on the workers of a Ray cluster."""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from openmedlm.data import Question, UserError
from openmedlm.inference.budget import Budget, BudgetExceeded, Limits
from openmedlm.inference.cache import CompletionCache, this_machine
from openmedlm.inference.clients.base import open_client
from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.engine import Engine
from openmedlm.inference.errors import EndpointDownError
from openmedlm.inference.outcome_buffer import OutcomeBuffer
from openmedlm.inference.policy import Policy
from openmedlm.inference.task_group import task_group
from openmedlm.metrics import Outcome
from openmedlm.programs.prompt_program import PromptProgram, SamplePrompt
from openmedlm.utils.urls import has_password

AHEAD = 3
"""Shards that a worker has at hand at once: it finishes one while the next has begun."""

LARGEST_SHARD = 64

RETRIES = 20
"""Workers that a shard may lose before it counts as what ends them."""

REACHED_WITHIN = 10.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where questions are answered.

    Attributes:
        address: of a Ray cluster, as `ray.init` takes it; None for the one that RAY_ADDRESS names, or a new one on this
            machine.
        workers: processes; None for one a CPU.
    """

    address: str | None = None
    workers: int | None = None


class Job(NamedTuple):
    """What a worker is told once.

    Attributes:
        endpoint, policy, timeout: how calls are made; the requests in flight are this worker's own.
        store: the vote store's file or URL.
        machine: that a file is on.
        purpose, limits, share: of the budget; no purpose for none. Its seconds are those that are left.
    """

    endpoint: Endpoint
    policy: Policy
    timeout: float
    store: str
    machine: str
    purpose: str | None
    limits: Limits
    share: float


class Shard(NamedTuple):
    """Results of one shard of questions.

    Attributes:
        outcomes: One per question, in the order of the questions.
        api_calls, transient_failures: Counts of this shard (see `Engine`).
        prompts: The prompts of each outcome's votes; empty unless the driver asked for them.
    """

    outcomes: list[Outcome]
    api_calls: int
    transient_failures: int
    prompts: dict[int, Sequence[SamplePrompt]]


class Worker:
    """Answers shards of questions, several at a time, as an actor of Ray.

    One that dies is started anew by Ray, elsewhere where its machine is gone, and has its shards again: what it bought
    lies in the vote store.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._engine: asyncio.Future[Engine] | None = None
        self._programs: dict[str, asyncio.Future[PromptProgram]] = {}
        self._told = (0, 0)

    async def answer(
        self, program: list[Any], digest: str, questions: Sequence[Question], with_prompts: bool = False
    ) -> Shard:
        """Return the results of a shard of questions.

        Args:
            program: the reference to it, in a list, so that Ray does not fetch it for every shard.
            digest: of the program.
            questions: of the shard.
            with_prompts: Send back the prompts of the votes, too.
        """
        if self._engine is None:
            self._engine = asyncio.ensure_future(self._opened())
        engine = await self._engine
        if digest not in self._programs:
            self._programs = {digest: asyncio.ensure_future(_fetched(program[0], digest))}
        prompts: dict[int, Sequence[SamplePrompt]] = {}
        on_prompts = prompts.__setitem__ if with_prompts else None
        outcomes = await engine.run(await self._programs[digest], questions, on_prompts=on_prompts)
        before, self._told = self._told, (engine.api_calls, engine.transient_failures)
        return Shard(list(outcomes), engine.api_calls - before[0], engine.transient_failures - before[1], prompts)

    async def _opened(self) -> Engine:
        job, here = self._job, this_machine()
        if "://" not in job.store and here != job.machine:
            raise UserError(
                f"--store {job.store}: a file on {_name(job.machine)}, out of reach of {_name(here)}; workers on "
                "several machines share votes by --store postgresql://USER@HOST/NAME"
            )
        store = CompletionCache(job.store)
        budget = Budget(store, job.purpose, job.limits, job.share) if job.purpose is not None else None
        self._opening = open_client(job.endpoint, job.policy.concurrency, job.timeout)
        return Engine(await self._opening.__aenter__(), job.endpoint, store, job.policy, budget)


def _name(machine: str) -> str:
    return machine.partition(" ")[0]


async def _fetched(reference: Any, digest: str) -> PromptProgram:
    program: PromptProgram = await reference
    if program.digest() != digest:
        raise UserError(
            f"--engine ray: on {socket.gethostname()} the program is another one, by its embedder; install the same "
            "packages on every machine"
        )
    return program


def _connected(cluster: Cluster) -> Any:
    """Ray, connected to the cluster."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise UserError("--engine ray: Ray is not installed; pip install 'openmedlm[ray]'") from None
    if ray.is_initialized():
        return ray
    address = cluster.address or os.environ.get("RAY_ADDRESS") or "local"
    # One that is started for this command alone has no business on the network.
    alone = {"_node_ip_address": "127.0.0.1", "include_dashboard": False}
    own: dict[str, Any] = alone if address == "local" else {}
    try:
        _check(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **own)
    except (ray.exceptions.RayError, ConnectionError, RuntimeError, ValueError, OSError) as error:
        said = " ".join(str(error).split())[:300]
        where = "this machine" if address == "local" else address
        raise UserError(f"--engine ray: no cluster at {where} ({said}); check --ray-address") from error
    return ray


def _check_secrets() -> None:
    """Whether the command line may be seen by everybody who reaches the cluster: Ray has it in its table of jobs.

    Raises:
        UserError: it holds a key or a password.
    """
    shown = "--engine ray: Ray shows the command line to all its users, and there is a"
    options = {word.partition("=")[0] for word in sys.argv[1:]}
    for option in ("--api-key", "--teacher-api-key"):
        if option in options:
            name = f"OPENMEDLM_{option.removeprefix('--').replace('-', '_').upper()}"
            raise UserError(f"{shown} key in it; set {name} instead")
    if any(has_password(word.partition("=")[2] if word.startswith("--") else word) for word in sys.argv[1:]):
        raise UserError(f"{shown} password in it; set OPENMEDLM_STORE and OPENMEDLM_STORAGE instead")


def _check(address: str) -> None:
    """Whether somebody listens there; Ray itself takes minutes to find out.

    Raises:
        OSError: nobody does.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), REACHED_WITHIN).close()


class RayEngine:
    """An `Engine` whose questions are answered by workers of a cluster.

    Args:
        cluster: where.
        endpoint, policy, timeout, store, budget: as of an `Engine`; the requests in flight are shared among workers.

    Raises:
        UserError: Ray is not installed, or the cluster can't be reached.
    """

    def __init__(
        self,
        cluster: Cluster,
        endpoint: Endpoint,
        store: CompletionCache,
        policy: Policy,
        timeout: float,
        budget: Budget | None = None,
    ) -> None:
        if endpoint.embedded:
            raise UserError(f"--engine ray: {endpoint.model} answers this machine only; serve the model to all of them")
        _check_secrets()
        self._ray = _connected(cluster)
        cpus = int(self._ray.cluster_resources().get("CPU", 1))
        workers = min(cluster.workers or max(1, cpus), policy.concurrency)
        share = replace(policy, concurrency=policy.concurrency // workers)
        job = Job(
            endpoint,
            share,
            timeout,
            store.place,
            this_machine(),
            budget.purpose if budget else None,
            budget.left() if budget else Limits(),
            budget.share if budget else 1.0,
        )
        # Without a CPU of its own each, so that those of a machine that is gone find room on the others.
        actor = self._ray.remote(
            num_cpus=0, max_restarts=-1, max_task_retries=RETRIES, max_concurrency=AHEAD, scheduling_strategy="SPREAD"
        )(Worker)
        self._workers = [actor.remote(job) for _ in range(workers)]
        self._shard = min(LARGEST_SHARD, share.concurrency)
        self._folder = store.folder
        self.api_calls = 0
        self.transient_failures = 0

    async def run(
        self,
        program: PromptProgram,
        questions: Sequence[Question],
        on_outcome: Callable[[Outcome], None] | None = None,
        clusters: asyncio.Future[list[str]] | None = None,
        on_prompts: Callable[[int, Sequence[SamplePrompt]], None] | None = None,
    ) -> Sequence[Outcome]:
        """As `Engine.run`."""
        outcomes = OutcomeBuffer(len(questions), self._folder)
        reference, digest = [self._ray.put(program)], program.digest()
        shards = iter(range(0, len(questions), self._shard))
        spent: list[BudgetExceeded] = []

        async def feed(worker: Any) -> None:
            for start in shards:
                if spent:
                    return
                some = questions[start : start + self._shard]
                try:
                    shard: Shard = await worker.answer.remote(reference, digest, some, on_prompts is not None)
                except self._ray.exceptions.RayTaskError as error:
                    if not isinstance(error.cause, BudgetExceeded):
                        raise self._told(error.cause) from None
                    spent.append(error.cause)
                    return
                except self._ray.exceptions.RayError as error:
                    raise self._told(error) from None
                self.api_calls += shard.api_calls
                self.transient_failures += shard.transient_failures
                belonging = await clusters if clusters is not None else None
                for position, outcome in enumerate(shard.outcomes, start):
                    if belonging is not None:
                        outcome = replace(outcome, cluster=belonging[position])
                    outcomes.put(position, outcome)
                    if on_prompts is not None:
                        on_prompts(position, shard.prompts[position - start])
                    if on_outcome is not None:
                        on_outcome(outcome)

        async with task_group() as group:
            for _ in range(AHEAD):
                for worker in self._workers:
                    group.create_task(feed(worker))
        if spent:
            raise spent[0]
        return outcomes

    def close(self) -> None:
        """Ends the workers."""
        for worker in self._workers:
            self._ray.kill(worker)

    @staticmethod
    def _told(error: Exception) -> Exception:
        if isinstance(error, EndpointDownError | UserError):
            return error
        return UserError(f"--engine ray: {' '.join(str(error).split())[-300:]}; what was bought is kept")
