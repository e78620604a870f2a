"""From a plan to its program, served."""

from collections.abc import Callable
from pathlib import Path

from openmedlm.runs.call_settings import open_connection
from openmedlm.runs.plan import Plan
from openmedlm.serving.endpoint import Served, application
from openmedlm.terminal.progress import Progress
from openmedlm.utils.loopback import listening, serve_on_loopback


async def serve_plan(
    plan: Plan,
    port: int,
    told: Callable[[str, str], None],
    progress: Progress,
    *,
    letter_only: bool = False,
    key: str | None = None,
) -> None:
    """Serves a plan's one program until it is cancelled.

    Args:
        plan: from `openmedlm.runs.plan.plan`, without questions.
        port: see `listening`.
        told: called with the address, which ends in `/v1`, and the name of the model, once it answers.
        progress: told while an embedded model's weights are fetched.
        letter_only, key: see `Served`.

    Raises:
        UserError: the port is taken, or the endpoint does not answer.
    """
    ((place, program),) = plan.programs.items()
    name = _name(place)
    with listening(port) as listener, open_connection(plan.calls, progress) as connection:
        async with connection.engine() as engine:
            app = application(Served(name, program, engine, letter_only, key))
            await serve_on_loopback(app, listener, lambda address: told(f"{address}/v1", name))


def _name(place: str) -> str:
    """What a program is called as a model: as its strategy, or its directory."""
    return Path(place).absolute().name
