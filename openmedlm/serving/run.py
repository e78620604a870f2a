"""Serve the program of a plan."""

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
    on_ready: Callable[[str, str], None],
    progress: Progress,
    *,
    letter_only: bool = False,
    key: str | None = None,
) -> None:
    """Serve the only program of a plan until cancelled.

    Args:
        plan: From `openmedlm.runs.plan.plan`, without questions.
        port: Loopback port; 0 picks a free one.
        on_ready: Called once the server accepts requests, with its address, which ends in `/v1`, and the model name.
        progress: Shows the download of an embedded model's weights.
        letter_only, key: See `Served`.

    Raises:
        UserError: The port is taken, or the model's endpoint does not respond.
    """
    ((source, program),) = plan.programs.items()
    name = _model_name(source)
    with listening(port) as listener, open_connection(plan.calls, progress) as connection:
        async with connection.engine() as engine:
            app = application(Served(name, program, engine, letter_only, key))
            await serve_on_loopback(app, listener, lambda address: on_ready(f"{address}/v1", name))


def _model_name(source: str) -> str:
    """Return the name of the strategy, or of the program's directory."""
    return Path(source).absolute().name
