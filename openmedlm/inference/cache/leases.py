"""Lease holders: processes, and whether they are still alive."""

import os
import socket
import time
import uuid
from functools import cache
from pathlib import Path
from typing import NamedTuple

from openmedlm.inference.cache.backend import HEARTBEAT_SECONDS, LEASE_SECONDS


class LeaseHolder(NamedTuple):
    """Process that can hold leases.

    Attributes:
        name: Unique name, never reused.
        host: Machine and process-number namespace; processes with the same host can see each other.
        pid: Process number on that host.
    """

    name: str
    host: str
    pid: int


def new_holder() -> LeaseHolder:
    """Return a lease holder with a new name for this process."""
    return LeaseHolder(uuid.uuid4().hex, _host(), os.getpid())


def heartbeat_due(last: float) -> bool:
    """Return whether a heartbeat is due.

    Args:
        last: Time of the last heartbeat in seconds since 1970; that clock continues while the machine sleeps.
    """
    return not 0 <= time.time() - last < HEARTBEAT_SECONDS


def is_dead(holder: LeaseHolder, silent_seconds: float) -> bool:
    """Return whether a holder has lost its leases.

    Args:
        holder: The lease holder.
        silent_seconds: Seconds since its last heartbeat, by the database's clock.
    """
    if silent_seconds > LEASE_SECONDS:
        return True
    if holder.host != _host():
        return False
    try:
        os.kill(holder.pid, 0)
        state = Path(f"/proc/{holder.pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return True
    except OSError:  # a process of another user, or not Linux
        return False
    return state in "ZX"  # dead, but its parent has not collected it yet


@cache
def this_machine() -> str:
    """Return the host name and the boot id, since several machines may share a host name."""
    try:
        return f"{socket.gethostname()} {Path('/proc/sys/kernel/random/boot_id').read_text().strip()}"
    except OSError:  # not Linux
        return socket.gethostname()


@cache
def _host() -> str:
    """Return the machine and the process-number namespace, since containers have their own."""
    try:
        return f"{this_machine()} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115
    except OSError:
        return this_machine()
