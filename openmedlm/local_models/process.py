"""The server's own process: run as a script, so that it starts with nothing loaded but the engine."""

import fcntl
import json
import os
import secrets
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

POLL_SECONDS = 0.5
HTTP_THREADS = 64
"""Connections served at once. With llama.cpp's own number, sixteen clients that kept their connections alive waited up
to twenty seconds for answers that take 30 ms to compute."""
CACHE_MIB = 1024
"""Memory for prompts that left their slot: commands with other prefixes take turns without computing them again."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a server serves, and how.

    Attributes:
        path: the GGUF file.
        alias: the model's id in requests.
        slots: requests answered at the same time.
        context: tokens of prompt and answer together, for each slot.
        threads: computing threads.
    """

    path: str
    alias: str
    slots: int
    context: int
    threads: int


@dataclass(frozen=True, slots=True)
class State:
    """What a user of a running server must know; written once it answers."""

    port: int
    api_key: str
    pid: int


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one server in the run directory: three locks and the state."""

    directory: Path
    key: str
    users: Path
    start: Path
    alive: Path
    state: Path

    @classmethod
    def of(cls, directory: Path, key: str) -> "Places":
        kinds = ("users", "start", "alive", "json")
        return cls(directory, key, *(directory / f"{key}.{kind}" for kind in kinds))

    def read_state(self) -> State | None:
        """The state, or None where there is none."""
        try:
            return State(**json.loads(self.state.read_text()))
        except FileNotFoundError:
            return None

    def write_state(self, state: State) -> None:
        """Writes the state whole or not at all, for its owner's eyes only."""
        draft = self.state.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(state), file)
        draft.rename(self.state)


def run(settings: Settings, places: Places) -> NoReturn:
    """Serves until the last user has left."""
    alive = os.open(places.alive, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(alive, fcntl.LOCK_EX)
    api_key = secrets.token_urlsafe(32)
    server = _listening(settings, api_key)
    port = urlsplit(server.listening_address).port
    places.write_state(State(port=int(port or 0), api_key=api_key, pid=os.getpid()))
    users = os.open(places.users, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    while not _alone(users):
        time.sleep(POLL_SECONDS)
    places.state.unlink(missing_ok=True)
    os._exit(0)  # the engine's own ending can wait for ever on a request whose client was killed


def _listening(settings: Settings, api_key: str) -> Any:
    """An engine with the model loaded, that answers on a free loopback port."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = settings.path
    params.model_alias = {settings.alias}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [api_key]
    params.cors_origins = ""
    params.ui = False
    params.endpoint_slots = False
    params.n_threads_http = HTTP_THREADS
    params.n_parallel = settings.slots
    params.n_ctx = settings.slots * settings.context
    params.cache_ram_mib = CACHE_MIB
    params.cpuparams.n_threads = settings.threads
    params.cpuparams_batch.n_threads = settings.threads
    return xllamacpp.Server(params)


def _alone(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    run(Settings(**json.loads(sys.argv[1])), Places.of(Path(sys.argv[2]), sys.argv[3]))
