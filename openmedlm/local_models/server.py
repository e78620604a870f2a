"""Embedded models behind an OpenAI-compatible endpoint on loopback, one server shared by all who ask for the same.

Three locks make a server live exactly as long as it has users, however they end. Every user holds `users` shared; the
server tries to take it alone and, once it can, goes. A user who starts a server holds `start`. The server holds
`alive`, so a state file without that lock is one that a dead server left.
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
from openmedlm.utils.errors import UserError
from openmedlm.utils.locks import is_locked, locked

START_SECONDS = 300.0
CONTEXT = 8192
SLOTS = 1
"""On a few cores computing prompts takes the time, and more slots compute it no faster; but each computes a shared
prefix for itself, so that twelve questions after one prefix of 650 tokens cost nearly twice as much with four."""

_PATIENT = {"GOMP_SPINCOUNT": "3000"}
"""How long the engine's threads spin for each other before they sleep. On two cores the 1.5B model then wrote 12.5
tokens a second on an idle machine and 5.5 beside a process that kept a core busy; asleep at once 10 and 6.7; with ten
times this number 13 and 1.8, since a spinning thread burns the core that the awaited one needs."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """Where a model is served.

    Attributes:
        base_url: of the OpenAI-compatible interface, ending in `/v1`.
        api_key: that the server asks for, made for this server alone.
        model: the model's id in requests.
        pid: of the server's process.
        log: what llama.cpp has to say.
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
    """Serves a model for as long as the `with` block lasts.

    A server that runs already with the same file and settings is shared. It stops within about a second of its last
    user's end, killed users included.

    Args:
        model: from `resolve` or the catalogue.
        slots: requests answered at the same time; more of them wait in line.
        context: tokens of prompt and answer together that one request may have; where None, `CONTEXT`, or what the
            model was trained for if that is less.
        threads: computing threads; where None, the processors that this process may use.
        progress: see `weights`.

    Raises:
        UserError: the `local` extra is not installed, a setting is out of range, the weights cannot be had, or the
            server does not start (the message has what its log says).
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise UserError(f'{model.name}: embedded models need an extra: pip install "openmedlm[local]"')
    context = min(CONTEXT, model.context) if context is None else context
    if not 1 <= context <= model.context:
        raise UserError(f"{model.name}: context {context} is out of range; it can be 1 to {model.context:,} tokens")
    if slots < 1 or (threads is not None and threads < 1):
        raise UserError(f"{model.name}: slots {slots}, threads {threads}: both must be at least 1")
    path = weights(model, progress)
    settings = process.Settings(
        path=str(path.absolute()),
        alias=model.name,
        slots=slots,
        context=context,
        threads=threads or _processors(),
    )
    key = _key(settings)
    places = process.Places.of(run_directory(), key)
    log = cache_directory("logs") / f"{model.name}-{key}.log"
    with locked(places.users, shared=True):
        with locked(places.start):
            state = _running(settings, places, log)
        yield ServedModel(
            base_url=f"http://127.0.0.1:{state.port}/v1",
            api_key=state.api_key,
            model=model.name,
            pid=state.pid,
            log=log,
        )


def _running(settings: process.Settings, places: process.Places, log: Path) -> process.State:
    """The state of the server, started where none is alive.

    One that is alive without a state is loading still, for a starter who was killed, and is waited for.
    """
    deadline = time.monotonic() + START_SECONDS
    child: subprocess.Popen[bytes] | None = None
    while time.monotonic() < deadline:
        if is_locked(places.alive):
            state = places.read_state()
            if state is not None:
                return state
        elif child is None:
            child = _start(settings, places, log)
        elif child.poll() is not None:
            raise UserError(f"{settings.path}: its server did not start: {_complaint(log)} (log: {log})")
        time.sleep(0.05)
    if child is not None:
        child.kill()
    raise UserError(f"{settings.path}: its server was not ready after {START_SECONDS:.0f} s (log: {log})")


def _start(settings: process.Settings, places: process.Places, log: Path) -> subprocess.Popen[bytes]:
    """Starts the server in a session of its own, so that Ctrl-C in the starter's terminal does not reach it."""
    places.state.unlink(missing_ok=True)
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603 — our own words
            (sys.executable, "-P", process.__file__, json.dumps(asdict(settings)), str(places.directory), places.key),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=places.directory,
            env=_PATIENT | os.environ,
            start_new_session=True,
        )
    threading.Thread(target=child.wait, daemon=True).start()
    return child


def _key(settings: process.Settings) -> str:
    """Names a server by all that decides what it answers: the file as it is now, the settings, the engine."""
    file = Path(settings.path).stat()
    facts = (asdict(settings), file.st_size, file.st_mtime_ns, importlib.metadata.version("xllamacpp"))
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _complaint(log: Path) -> str:
    """The engine's first error, which says more than those that follow from it; or else the last line of the log."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line.partition(" E ")[2].strip() for line in lines if " E " in line]
    return (errors[:1] or lines[-1:] or ["it said nothing"])[0]
