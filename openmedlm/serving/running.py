"""From a plan to its program, served."""

import os
from collections.abc import Callable

from data import BadInput
from openmedlm.loopback import serve_on_loopback
from openmedlm.planning import Plan
from openmedlm.progress import Progress
from openmedlm.serving.endpoint import Served, application
from programs.engine import EndpointDownError, VoteStore, connect, open_engine


async def serve_plan(
    plan: Plan,
    port: int,
    told: Callable[[str], None],
    progress: Progress,
    *,
    letter_only: bool = False,
    key: str | None = None,
) -> None:
    """Serves a plan's one program until it is cancelled.

    Args:
        plan: from `openmedlm.planning.plan`, without questions.
        port, told: see `serve_on_loopback`; the address ends in `/v1`.
        progress: told while an embedded model's weights are fetched.
        letter_only, key: see `Served`.

    Raises:
        BadInput: the port is taken, or the endpoint does not answer.
    """
    ((name, program),) = plan.programs.items()
    try:
        with VoteStore(plan.store) as store, progress, connect(plan.endpoint, progress.fetched) as endpoint:
            async with open_engine(endpoint, store, plan.policy, plan.timeout, cluster=plan.cluster) as engine:
                served = Served(os.path.basename(name.rstrip("/")), program, engine, letter_only, key)  # noqa: PTH119
                await serve_on_loopback(application(served), port, lambda address: told(f"{address}/v1"))
    except EndpointDownError as error:
        raise BadInput(f"{plan.endpoint.model}: {error}") from error
