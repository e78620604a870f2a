"""Engine of an endpoint, in this process or on a Ray cluster."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from openmedlm.data import Question
from openmedlm.inference.budget import Budget
from openmedlm.inference.cache import CompletionCache
from openmedlm.inference.clients.open import open_client
from openmedlm.inference.clients.waiting import LoadingWait
from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.engine import Engine
from openmedlm.inference.notices import Notices
from openmedlm.inference.policy import Policy
from openmedlm.inference.ray_cluster import Cluster
from openmedlm.inference.ray_engine import RayEngine
from openmedlm.inference.thinking import Verdict
from openmedlm.metrics import Outcome
from openmedlm.programs.prompt_program import PromptProgram, SamplePrompt


class AnyEngine(Protocol):
    """Interface of `Engine` and `RayEngine`."""

    @property
    def api_calls(self) -> int: ...
    @property
    def transient_failures(self) -> int: ...

    async def run(
        self,
        program: PromptProgram,
        questions: Sequence[Question],
        on_outcome: Callable[[Outcome], None] | None = None,
        clusters: asyncio.Future[list[str]] | None = None,
        on_prompts: Callable[[int, Sequence[SamplePrompt]], None] | None = None,
    ) -> Sequence[Outcome]:
        """See `Engine.run`."""

    async def detect_thinking(self, program: PromptProgram, questions: Sequence[Question]) -> Verdict:
        """See `Engine.detect_thinking`."""


@asynccontextmanager
async def open_engine(
    endpoint: Endpoint,
    cache: CompletionCache,
    policy: Policy,
    timeout: float,
    budget: Budget | None = None,
    cluster: Cluster | None = None,
    notices: Notices | None = None,
    wait: LoadingWait | None = None,
) -> AsyncIterator[AnyEngine]:
    """Open an engine once its endpoint responds; on exit, all its completions are on disk.

    Args:
        endpoint: Endpoint from `connect`.
        cache, policy, budget: See `Engine`.
        timeout: Maximum seconds of one request.
        cluster: Ray cluster whose workers answer the questions; None for this process.
        notices, wait: See `open_client`.

    Raises:
        EndpointDownError: The endpoint does not respond.
        UserError: The cluster cannot be used.
    """
    try:
        async with open_client(endpoint, policy.concurrency, timeout, notices, wait) as client:
            await client.check()
            if cluster is None:
                yield Engine(client, endpoint, cache, policy, budget, notices)
                return
        engine = RayEngine(cluster, endpoint, cache, policy, timeout, budget, notices, wait)
        try:
            yield engine
        finally:
            engine.close()
    except asyncio.CancelledError:
        cache.stop_retrying()
        raise
    finally:
        await asyncio.shield(cache.drain())
