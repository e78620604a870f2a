"""Network namespaces for tests, since Ray listens on every network of the machine."""

import contextlib
import os
import subprocess
import uuid
from pathlib import Path
from typing import Any, Self

import pytest

_LOOPBACK = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")
"""127.0.0.1, ::1, and 127.0.0.1 as an IPv6 address."""


class Machines:
    """Network namespaces on one bridge, each with an address, and without a route to any other network.

    Processes in them share files and process numbers with the host, but no network.

    Args:
        count: Number of namespaces.
    """

    def __init__(self, count: int) -> None:
        self._name = f"om{uuid.uuid4().hex[:6]}"
        self._hub = f"{self._name}h"
        self.names = [f"{self._name}{number}" for number in range(count)]
        self.addresses = [f"10.83.0.{number + 1}" for number in range(count)]

    def __enter__(self) -> Self:
        self._before = listening()
        try:
            self._ip("netns", "add", self._hub)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"network namespaces are required to run Ray, but cannot be created here ({error})")
        self._in(self._hub, "link", "add", "bridge", "type", "bridge")
        self._in(self._hub, "link", "set", "bridge", "up")
        for number, (name, address) in enumerate(zip(self.names, self.addresses, strict=True)):
            self._ip("netns", "add", name)
            self._in(name, "link", "set", "lo", "up")
            self._in(name, "link", "add", "eth0", "type", "veth", "peer", "name", f"port{number}", "netns", self._hub)
            self._in(name, "addr", "add", f"{address}/24", "dev", "eth0")
            self._in(name, "link", "set", "eth0", "up")
            self._in(self._hub, "link", "set", f"port{number}", "master", "bridge")
            self._in(self._hub, "link", "set", f"port{number}", "up")
        return self

    def __exit__(self, *error: object) -> None:
        for name in self.names:
            self.kill(name)
        for name in (*self.names, self._hub):
            self._ip("netns", "del", name)

    def start(self, machine: int, *command: object, **options: Any) -> "subprocess.Popen[str]":
        """Start a command on a machine."""
        return subprocess.Popen(
            ["ip", "netns", "exec", self.names[machine], *map(str, command)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def kill(self, name: str) -> None:
        """Kill all processes on a machine, as a power cut does."""
        for pid in self._pids(name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)

    def running(self, machine: int) -> list[str]:
        """Return the command lines of all processes on a machine."""
        names = []
        for pid in self._pids(self.names[machine]):
            with contextlib.suppress(OSError):
                names.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        return names

    @staticmethod
    def _pids(name: str) -> list[int]:
        output = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False).stdout
        return list(map(int, output.split()))

    def leaks(self) -> set[str]:
        """Return what leaked to the host: new listening addresses other than loopback, and processes of Ray."""
        own = os.readlink("/proc/self/ns/net")  # noqa: PTH115
        strays = set()
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                name = (process / "cmdline").read_bytes()
                if (b"raylet" in name or b"gcs_server" in name) and os.readlink(process / "ns" / "net") == own:  # noqa: PTH115
                    strays.add(name.decode(errors="replace"))
        return strays | (listening() - self._before)

    def _in(self, name: str, *arguments: str) -> None:
        self._ip("-n", name, *arguments)

    @staticmethod
    def _ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True, capture_output=True)


def listening() -> set[str]:
    """Return the local addresses of listening TCP sockets, except loopback, from the kernel's tables."""
    addresses = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table) as rows:  # noqa: PTH123
                next(rows)
                addresses |= {row.split()[1] for row in rows if row.split()[3] == "0A"}
        except FileNotFoundError:
            continue
    return {address for address in addresses if not address.startswith(_LOOPBACK)}
