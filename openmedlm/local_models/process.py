"""Server process of an embedded model; run as a script, so that it loads nothing but llama.cpp."""

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
"""Seconds between two checks for users."""
HTTP_THREADS = 64
"""Connections served at once. With llama.cpp's default, sixteen clients with keep-alive connections waited up to twenty
seconds for answers that take 30 ms to compute."""
PROMPT_CACHE_MIB = 1024
"""Memory for prompts that lost their slot, so that commands with different prefixes do not recompute them in turn."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a server.

    Attributes:
        path: GGUF file.
        alias: Model name in requests.
        slots: Requests answered concurrently.
        context: Tokens of prompt and completion per slot.
        threads: Number of compute threads.
    """

    path: str
    alias: str
    slots: int
    context: int
    threads: int


@dataclass(frozen=True, slots=True)
class State:
    """State of a running server, written once it responds."""

    port: int
    api_key: str
    pid: int


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """Files of one server in the run directory: three locks and the state."""

    directory: Path
    key: str
    users: Path
    start: Path
    alive: Path
    state: Path

    @classmethod
    def create(cls, directory: Path, key: str) -> "ServerFiles":
        """Return the files of the server with that key."""
        kinds = ("users", "start", "alive", "json")
        return cls(directory, key, *(directory / f"{key}.{kind}" for kind in kinds))

    def read_state(self) -> State | None:
        """Return the state, or None if there is none."""
        try:
            return State(**json.loads(self.state.read_text()))
        except FileNotFoundError:
            return None

    def write_state(self, state: State) -> None:
        """Write the state atomically, readable by its owner only."""
        draft = self.state.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(state), file)
        draft.rename(self.state)


def run(settings: Settings, files: ServerFiles) -> NoReturn:
    """Serve until the last user has left."""
    alive = os.open(files.alive, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(alive, fcntl.LOCK_EX)
    api_key = secrets.token_urlsafe(32)
    server = _start_server(settings, api_key)
    port = urlsplit(server.listening_address).port
    files.write_state(State(port=int(port or 0), api_key=api_key, pid=os.getpid()))
    users = os.open(files.users, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    while not _has_no_users(users):
        time.sleep(POLL_SECONDS)
    files.state.unlink(missing_ok=True)
    os._exit(0)  # a normal exit can wait forever for a request whose client was killed


def _start_server(settings: Settings, api_key: str) -> Any:
    """Return a server with the model loaded, which listens on a free loopback port."""
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
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.cpuparams.n_threads = settings.threads
    params.cpuparams_batch.n_threads = settings.threads
    return xllamacpp.Server(params)


def _has_no_users(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    run(Settings(**json.loads(sys.argv[1])), ServerFiles.create(Path(sys.argv[2]), sys.argv[3]))
