"""Embedded models behind an OpenAI-compatible endpoint on loopback; processes with the same model share one server.

Three file locks keep a server alive exactly as long as it has users, even if they are killed. Every user holds `users`
shared; the server tries to lock it exclusively, and exits once it succeeds. A user that starts a server holds `start`.
The server holds `alive`, so a state file without that lock belongs to a dead server.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from openmedlm.local_models import process
from openmedlm.local_models.catalogue import EmbeddedModel
from openmedlm.local_models.packages import Progress
from openmedlm.local_models.paths import cache_directory, run_directory
from openmedlm.local_models.weights import weights
from openmedlm.utils.errors import UserError, install_command
from openmedlm.utils.locks import is_locked, locked

START_TIMEOUT_SECONDS = 300.0
DEFAULT_CONTEXT_TOKENS = 8192
SLOTS = 1
"""Concurrent requests. On a few cores, prompt processing takes most of the time and more slots do not speed it up, but
each slot processes a shared prefix again: twelve questions after a prefix of 650 tokens took nearly twice as long with
four slots."""

_SPIN_SETTINGS = {"GOMP_SPINCOUNT": "3000"}
"""Spin count of the compute threads before they sleep. With two cores, the 1.5B model generated 12.5 tokens per second
on an idle machine and 5.5 next to a process that used one core; with sleep at once 10 and 6.7; with ten times this
count 13 and 1.8, since a spinning thread uses the core that the awaited thread needs."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """Running server of a model.

    Attributes:
        base_url: Address of the OpenAI-compatible endpoint, ending in `/v1`.
        api_key: Key of this server.
        model: Model name in requests.
        pid: Process id of the server.
        log: Log file of llama.cpp.
    """

    base_url: str
    api_key: str = field(repr=False)
    model: str
    pid: int
    log: Path


@contextmanager
def serve(
    model: EmbeddedModel,
    *,
    slots: int = SLOTS,
    context: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Iterator[ServedModel]:
    """Serve a model while the `with` block lasts.

    A running server with the same file and settings is shared. It stops about a second after its last user has ended
    or was killed.

    Args:
        model: Model from `resolve` or the catalogue.
        slots: Requests answered concurrently; further requests are queued.
        context: Tokens of prompt and completion per request; None for the model's context length, at most
            `DEFAULT_CONTEXT_TOKENS`.
        threads: Number of compute threads; None for the CPUs that this process may use.
        progress: See `weights`.

    Raises:
        UserError: The `local` extra is not installed, a setting is out of range, the weights cannot be downloaded,
            or the server does not start.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise UserError(f"no llama.cpp for the embedded model {model.name}. Install it: {install_command('local')}.")
    context = min(DEFAULT_CONTEXT_TOKENS, model.context) if context is None else context
    if not 1 <= context <= model.context:
        raise UserError(f"context out of range for {model.name}: {context} tokens. Choose 1 to {model.context:,}.")
    if slots < 1 or (threads is not None and threads < 1):
        raise UserError(
            f"slots or threads below 1 for {model.name}: {slots} slots, {threads} threads. Choose at least 1."
        )
    path = weights(model, progress)
    settings = process.Settings(
        path=str(path.absolute()),
        alias=model.name,
        slots=slots,
        context=context,
        threads=threads or _cpu_count(),
    )
    key = _server_key(settings)
    files = process.ServerFiles.create(run_directory(), key)
    log = cache_directory("logs") / f"{model.name}-{key}.log"
    with locked(files.users, shared=True):
        with locked(files.start):
            state = _running_state(settings, files, log)
        yield ServedModel(
            base_url=f"http://127.0.0.1:{state.port}/v1",
            api_key=state.api_key,
            model=model.name,
            pid=state.pid,
            log=log,
        )


def _running_state(settings: process.Settings, files: process.ServerFiles, log: Path) -> process.State:
    """Return the state of the server; start one if none is alive.

    A server that is alive without a state is still loading, for a user that was killed; wait for it.
    """
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    child: subprocess.Popen[bytes] | None = None
    while time.monotonic() < deadline:
        if is_locked(files.alive):
            state = files.read_state()
            if state is not None:
                return state
        elif child is None:
            child = _start(settings, files, log)
        elif child.poll() is not None:
            raise UserError(f"the server of {settings.path} did not start: {_first_error(log)}. Read the log: {log}")
        time.sleep(0.05)
    if child is not None:
        child.kill()
    raise UserError(
        f"the server of {settings.path} was not ready after {START_TIMEOUT_SECONDS:.0f} s. Read the log: {log}"
    )


def _start(settings: process.Settings, files: process.ServerFiles, log: Path) -> subprocess.Popen[bytes]:
    """Start the server in a new session, so that Ctrl-C in the user's terminal does not reach it."""
    files.state.unlink(missing_ok=True)
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603 — a fixed command
            (sys.executable, "-P", process.__file__, json.dumps(asdict(settings)), str(files.directory), files.key),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=files.directory,
            env=_SPIN_SETTINGS | os.environ,
            start_new_session=True,
        )
    threading.Thread(target=child.wait, daemon=True).start()
    return child


def _server_key(settings: process.Settings) -> str:
    """Return a digest of all that affects the answers of a server: file, settings, and llama.cpp version."""
    file = Path(settings.path).stat()
    parts = (asdict(settings), file.st_size, file.st_mtime_ns, importlib.metadata.version("xllamacpp"))
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _cpu_count() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _first_error(log: Path) -> str:
    """Return the first error in the log, which usually causes the others; without errors, the last line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line.partition(" E ")[2].strip() for line in lines if " E " in line]
    return (errors[:1] or lines[-1:] or ["the log is empty"])[0]
