"""Commands in processes of their own that start fast: forks of a process that has imported the package."""

import contextlib
import importlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

MODULES = (
    *(f"openmedlm.cli.commands.{name}" for name in ("compile", "evaluate", "ladder", "pool", "report", "tune")),
    *("openmedlm.inference.clients.http", "openmedlm.tuning.run", "alembic.context", "scipy.stats", "sklearn.metrics"),
)
"""Modules whose import takes most of the start of a command."""

_NUMBER = struct.Struct("q")


class Command:
    """Running command, with the methods of `subprocess.Popen` that tests use.

    Attributes:
        pid: Number of its process.
        returncode: Exit code, negative for a signal; None while it runs.
    """

    def __init__(self, pid: int, status: int, output: Sequence[Any]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._status = status
        self._output = output

    def poll(self) -> int | None:
        """Return the exit code, or None while the command runs."""
        return self._ended(0)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for the end of the command, and return its output and errors."""
        if self._ended(timeout) is None:
            raise subprocess.TimeoutExpired("openmedlm", timeout or 0)
        texts = []
        for file in self._output:
            file.seek(0)
            texts.append(file.read().decode())
            file.close()
        return texts[0], texts[1]

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._status], [], [], timeout)[0]:
            self.returncode = _read_number(self._status)
            os.close(self._status)
        return self.returncode


class WarmStart:
    """Process without threads that imports modules once, and forks for each command.

    Args:
        function: Function of the command, as `module:name`.
        modules: Further modules to import.
        env: Variables that the modules read when they are imported.
    """

    def __init__(
        self,
        function: str = "openmedlm.cli.main:run",
        modules: Sequence[str] = MODULES,
        env: Mapping[str, str] = os.environ,
    ) -> None:
        self._function, self._modules, self._env = function, modules, env

    def __enter__(self) -> Self:
        self._requests, theirs = socket.socketpair()
        with theirs:
            code = [sys.executable, __file__, str(theirs.fileno()), self._function, *self._modules]
            self._process = subprocess.Popen(
                code, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=dict(self._env)
            )
        return self

    def __exit__(self, *error: object) -> None:
        self._requests.close()
        self._process.wait(60)

    def start(self, *arguments: str, cwd: Path, env: Mapping[str, str]) -> Command:
        """Start the command."""
        output = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115
        status, written = os.pipe()
        request = json.dumps({"arguments": arguments, "cwd": str(cwd), "env": dict(env)}).encode()
        files = [written, *(file.fileno() for file in output)]
        socket.send_fds(self._requests, [len(request).to_bytes(4)], files)
        self._requests.sendall(request)
        os.close(written)
        return Command(_read_number(status), status, output)


def _serve(requests: socket.socket, module: str, name: str, others: Sequence[str]) -> None:
    function = getattr(importlib.import_module(module), name)
    for other in others:
        importlib.import_module(other)
    assert threading.active_count() == 1, "a fork keeps no other thread"
    while True:
        header, files, _, _ = socket.recv_fds(requests, 4, 3)
        if not header:
            return
        request = json.loads(requests.recv(int.from_bytes(header), socket.MSG_WAITALL))
        keeper = os.fork()
        if not keeper:
            requests.close()
            _keep(function, request, *files)
        for file in files:
            os.close(file)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _keep(function: Callable[[], None], request: dict[str, Any], status: int, out: int, err: int) -> None:
    """Fork the command, and report its process number and its exit code."""
    command = os.fork()
    if not command:
        os.close(status)
        _run(function, request, out, err)
    os.write(status, _NUMBER.pack(command))
    code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    os.write(status, _NUMBER.pack(code))
    os._exit(0)


def _run(function: Callable[[], None], request: dict[str, Any], out: int, err: int) -> None:
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv[1:] = request["arguments"]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background commands of a shell ignore Ctrl-C
    code: object = 0
    try:
        function()
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _read_number(file: int) -> int:
    (number,) = _NUMBER.unpack(os.read(file, _NUMBER.size))
    return int(number)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])), *sys.argv[2].split(":"), sys.argv[3:])
