"""Who claims, and whether that process still lives."""

import os
import socket
import uuid
from functools import cache
from typing import NamedTuple

from programs.engine.store.database import EXPIRES_AFTER


class Claimant(NamedTuple):
    """A process that claims.

    Attributes:
        name: of its own, never used again.
        host, pid: where it runs; processes of one host see each other.
    """

    name: str
    host: str
    pid: int


def this_process() -> Claimant:
    """A claimant that nobody else is."""
    return Claimant(uuid.uuid4().hex, _host(), os.getpid())


def is_gone(claimant: Claimant, silent: float) -> bool:
    """Whether its claims are anybody's again.

    Args:
        claimant: of whom.
        silent: seconds since its last sign of life, by the database's clock.
    """
    if silent > EXPIRES_AFTER:
        return True
    if claimant.host != _host():
        return False
    try:
        os.kill(claimant.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


@cache
def _host() -> str:
    """The machine's name and, since containers may share that, the space of process numbers."""
    try:
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115
    except OSError:  # not Linux
        return socket.gethostname()
