"""Who claims, and whether that process still lives."""

import os
import socket
import time
import uuid
from functools import cache
from pathlib import Path
from typing import NamedTuple

from openmedlm.inference.cache.backend import HEARTBEAT_SECONDS, LEASE_SECONDS


class LeaseHolder(NamedTuple):
    """A process that claims.

    Attributes:
        name: of its own, never used again.
        host, pid: where it runs; processes of one host see each other.
    """

    name: str
    host: str
    pid: int


def this_process() -> LeaseHolder:
    """A claimant that nobody else is."""
    return LeaseHolder(uuid.uuid4().hex, _host(), os.getpid())


def is_due(signed: float) -> bool:
    """Whether a sign of life is due.

    Args:
        signed: when the last one was, in seconds since 1970; that clock goes on while the machine sleeps.
    """
    return not 0 <= time.time() - signed < HEARTBEAT_SECONDS


def is_gone(claimant: LeaseHolder, silent: float) -> bool:
    """Whether its claims are anybody's again.

    Args:
        claimant: of whom.
        silent: seconds since its last sign of life, by the database's clock.
    """
    if silent > LEASE_SECONDS:
        return True
    if claimant.host != _host():
        return False
    try:
        os.kill(claimant.pid, 0)
        state = Path(f"/proc/{claimant.pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return True
    except OSError:  # somebody else's, or not Linux
        return False
    return state in "ZX"  # dead, but its parent did not ask yet


@cache
def this_machine() -> str:
    """Its name and, since several may have the same, a number that each draws when it starts."""
    try:
        return f"{socket.gethostname()} {Path('/proc/sys/kernel/random/boot_id').read_text().strip()}"
    except OSError:  # not Linux
        return socket.gethostname()


@cache
def _host() -> str:
    """The machine and, since containers have their own, the space of process numbers."""
    try:
        return f"{this_machine()} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115
    except OSError:
        return this_machine()
