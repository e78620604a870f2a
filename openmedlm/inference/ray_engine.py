"""Engine whose questions are answered by workers of a Ray cluster."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from openmedlm.data import Question, UserError
from openmedlm.inference.budget import Budget, BudgetExceeded, Limits
from openmedlm.inference.cache import CompletionCache, this_machine
from openmedlm.inference.clients.open import open_client
from openmedlm.inference.clients.waiting import LoadingWait
from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.engine import Engine
from openmedlm.inference.errors import EndpointDownError
from openmedlm.inference.event_loop import task_group
from openmedlm.inference.notices import Notices
from openmedlm.inference.outcome_buffer import OutcomeBuffer
from openmedlm.inference.policy import Policy
from openmedlm.inference.ray_cluster import Cluster, check_secrets, connect_to_ray
from openmedlm.inference.thinking import FIRST_QUESTIONS, Verdict
from openmedlm.metrics import Outcome
from openmedlm.programs.prompt_program import PromptProgram, SamplePrompt

SHARDS_PER_WORKER = 3
"""Shards that a worker answers at once, so that it starts one while it finishes another."""

MAX_SHARD_QUESTIONS = 64
"""Maximum number of questions per shard."""

MAX_SHARD_RETRIES = 20
"""Workers that may die on a shard before the shard counts as the cause."""


class Job(NamedTuple):
    """Settings of a worker.

    Attributes:
        endpoint, timeout, wait: See `open_engine`.
        policy: Policy with this worker's share of the requests in flight.
        cache: File or URL of the completion cache.
        machine: Machine of a cache file.
        budget_id, limits, share: Fields of the budget, with the seconds that remain; `budget_id` is None for no budget.
    """

    endpoint: Endpoint
    policy: Policy
    timeout: float
    cache: str
    machine: str
    budget_id: str | None
    limits: Limits
    share: float
    wait: LoadingWait | None


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
    """Ray actor that answers shards of questions, several at a time.

    Ray restarts a worker that dies, on another machine if necessary, and sends its shards again; its completions are
    in the cache.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._engine: asyncio.Future[Engine] | None = None
        self._programs: dict[str, asyncio.Future[PromptProgram]] = {}
        self._reported = (0, 0)
        self._notices = Notices()

    async def answer(
        self,
        program: list[Any],
        digest: str,
        questions: Sequence[Question],
        with_prompts: bool = False,
        verdict: Verdict | None = None,
    ) -> Shard:
        """Return the results of a shard of questions.

        Args:
            program: Reference to the program, in a list, so that Ray does not fetch it for every shard.
            digest: Digest of the program.
            questions: Questions of the shard.
            with_prompts: Return the prompts of the votes, too.
            verdict: Whether the model thinks, from `detect_thinking`.
        """
        engine = await self._get_engine()
        prompts: dict[int, Sequence[SamplePrompt]] = {}
        on_prompts = prompts.__setitem__ if with_prompts else None
        fetched = await self._get_program(program, digest)
        outcomes = await engine.run(fetched, questions, on_prompts=on_prompts, verdict=verdict)
        before, self._reported = self._reported, (engine.api_calls, engine.transient_failures)
        return Shard(list(outcomes), engine.api_calls - before[0], engine.transient_failures - before[1], prompts)

    async def detect_thinking(
        self, program: list[Any], digest: str, questions: Sequence[Question]
    ) -> tuple[Verdict, list[str]]:
        """Return whether the model thinks, from its completions of these questions, and the notices about it."""
        engine = await self._get_engine()
        verdict = await engine.detect_thinking(await self._get_program(program, digest), questions)
        return verdict, self._notices.messages

    async def _get_engine(self) -> Engine:
        if self._engine is None:
            self._engine = asyncio.ensure_future(self._open_engine())
        return await self._engine

    async def _get_program(self, reference: list[Any], digest: str) -> PromptProgram:
        if digest not in self._programs:
            self._programs = {digest: asyncio.ensure_future(_fetch_program(reference[0], digest))}
        return await self._programs[digest]

    async def _open_engine(self) -> Engine:
        job, here = self._job, this_machine()
        if "://" not in job.cache and here != job.machine:
            raise UserError(
                f"the cache file of --store is on {_host_name(job.machine)}, but a worker runs on {_host_name(here)}: "
                f"{job.cache}. Share a cache between machines with --store postgresql://USER@HOST/NAME."
            )
        cache = CompletionCache(job.cache)
        budget = Budget(cache, job.budget_id, job.limits, job.share) if job.budget_id is not None else None
        self._client = open_client(job.endpoint, job.policy.concurrency, job.timeout, self._notices, job.wait)
        return Engine(await self._client.__aenter__(), job.endpoint, cache, job.policy, budget, self._notices)


def _host_name(machine: str) -> str:
    return machine.partition(" ")[0]


async def _fetch_program(reference: Any, digest: str) -> PromptProgram:
    program: PromptProgram = await reference
    if program.digest() != digest:
        raise UserError(
            f"the program differs on {socket.gethostname()}, since its embedder does. Install the same packages on "
            "every machine of the Ray cluster."
        )
    return program


class RayEngine:
    """`Engine` whose questions are answered by workers of a cluster.

    Args:
        cluster: The cluster.
        endpoint, cache, policy, timeout, budget, wait: See `open_engine`; the workers share the requests in flight.

    Raises:
        UserError: Ray is not installed, or the cluster cannot be reached.
    """

    def __init__(
        self,
        cluster: Cluster,
        endpoint: Endpoint,
        cache: CompletionCache,
        policy: Policy,
        timeout: float,
        budget: Budget | None = None,
        notices: Notices | None = None,
        wait: LoadingWait | None = None,
    ) -> None:
        self._notices = notices or Notices()
        if endpoint.embedded:
            raise UserError(
                f"--engine ray cannot use the embedded model {endpoint.model}, which serves this machine only. "
                "Serve the model to all machines of the cluster."
            )
        check_secrets()
        self._ray = connect_to_ray(cluster)
        cpus = int(self._ray.cluster_resources().get("CPU", 1))
        workers = min(cluster.workers or max(1, cpus), policy.concurrency)
        share = replace(policy, concurrency=policy.concurrency // workers)
        job = Job(
            endpoint,
            share,
            timeout,
            cache.location,
            this_machine(),
            budget.budget_id if budget else None,
            budget.remaining() if budget else Limits(),
            budget.share if budget else 1.0,
            wait,
        )
        # Workers reserve no CPU, so that those of a lost machine can restart on the others.
        actor = self._ray.remote(
            num_cpus=0,
            max_restarts=-1,
            max_task_retries=MAX_SHARD_RETRIES,
            max_concurrency=SHARDS_PER_WORKER,
            scheduling_strategy="SPREAD",
        )(Worker)
        self._workers = [actor.remote(job) for _ in range(workers)]
        self._shard_size = min(MAX_SHARD_QUESTIONS, share.concurrency)
        self._folder = cache.folder
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
        """See `Engine.run`."""
        outcomes = OutcomeBuffer(len(questions), self._folder)
        reference, digest = [self._ray.put(program)], program.digest()
        verdict = await self._detect_thinking(reference, digest, questions)
        starts = iter(range(0, len(questions), self._shard_size))
        exceeded: list[BudgetExceeded] = []

        async def feed(worker: Any) -> None:
            for start in starts:
                if exceeded:
                    return
                part = questions[start : start + self._shard_size]
                try:
                    shard: Shard = await self._call(
                        worker.answer.remote(reference, digest, part, on_prompts is not None, verdict)
                    )
                except BudgetExceeded as error:
                    exceeded.append(error)
                    return
                self.api_calls += shard.api_calls
                self.transient_failures += shard.transient_failures
                cluster_ids = await clusters if clusters is not None else None
                for position, outcome in enumerate(shard.outcomes, start):
                    if cluster_ids is not None:
                        outcome = replace(outcome, cluster=cluster_ids[position])
                    outcomes.put(position, outcome)
                    if on_prompts is not None:
                        on_prompts(position, shard.prompts[position - start])
                    if on_outcome is not None:
                        on_outcome(outcome)

        async with task_group() as group:
            for _ in range(SHARDS_PER_WORKER):
                for worker in self._workers:
                    group.create_task(feed(worker))
        if exceeded:
            raise exceeded[0]
        return outcomes

    async def detect_thinking(self, program: PromptProgram, questions: Sequence[Question]) -> Verdict:
        """See `Engine.detect_thinking`."""
        return await self._detect_thinking([self._ray.put(program)], program.digest(), questions)

    async def _detect_thinking(self, reference: list[Any], digest: str, questions: Sequence[Question]) -> Verdict:
        """Let one worker decide, so that all workers use the same program."""
        detecting = self._workers[0].detect_thinking.remote(reference, digest, questions[:FIRST_QUESTIONS])
        verdict, messages = await self._call(detecting)
        for message in messages:
            self._notices.add(message)
        return Verdict(*verdict)

    async def _call(self, result: Any) -> Any:
        """Return the result of a worker's call.

        Raises:
            EndpointDownError, BudgetExceeded, UserError: The call failed.
        """
        try:
            return await result
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, BudgetExceeded):
                raise error.cause from None
            raise _as_known_error(error.cause) from None
        except self._ray.exceptions.RayError as error:
            raise _as_known_error(error) from None

    def close(self) -> None:
        """Stop the workers."""
        for worker in self._workers:
            self._ray.kill(worker)


def _as_known_error(error: Exception) -> Exception:
    if isinstance(error, EndpointDownError | UserError):
        return error
    message = " ".join(str(error).split())[-300:]
    return UserError(f"a Ray worker failed: {message}. Completions so far are cached; rerun the command to resume.")
