"""An engine at an endpoint, in this process or on a cluster."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from openmedlm.data import Question
from openmedlm.inference.budget import Budget
from openmedlm.inference.cache import CompletionCache
from openmedlm.inference.clients.base import open_client
from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.engine import Engine
from openmedlm.inference.policy import Policy
from openmedlm.inference.ray_engine import Cluster, RayEngine
from openmedlm.metrics import Outcome
from openmedlm.programs.prompt_program import PromptProgram, SamplePrompt


class AnyEngine(Protocol):
    """What answers questions: `Engine`, or `RayEngine`."""

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


@asynccontextmanager
async def open_engine(
    endpoint: Endpoint,
    store: CompletionCache,
    policy: Policy,
    timeout: float,
    budget: Budget | None = None,
    cluster: Cluster | None = None,
) -> AsyncIterator[AnyEngine]:
    """An engine, once its endpoint answers; all that it bought is on disk when the context ends.

    Args:
        endpoint: from `connect`.
        store, policy, budget: see `Engine`.
        timeout: seconds that one call may take.
        cluster: whose workers answer; None for this process.

    Raises:
        EndpointDownError: the endpoint does not answer.
        UserError: the cluster can't be used.
    """
    try:
        async with open_client(endpoint, policy.concurrency, timeout) as client:
            await client.check()
            if cluster is None:
                yield Engine(client, endpoint, store, policy, budget)
                return
        engine = RayEngine(cluster, endpoint, store, policy, timeout, budget)
        try:
            yield engine
        finally:
            engine.close()
    except asyncio.CancelledError:
        store.stop_retrying()
        raise
    finally:
        await asyncio.shield(store.drain())
