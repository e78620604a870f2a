"""Who claims, and whether that process still lives."""

import os
import socket
import uuid
from typing import NamedTuple

from programs.engine.store.database import EXPIRES_AFTER


class Claimant(NamedTuple):
    """A process that claims.

    Attributes:
        name: of its own, never used again.
        host, pid: where it runs.
    """

    name: str
    host: str
    pid: int


def this_process() -> Claimant:
    """A claimant that nobody else is."""
    return Claimant(uuid.uuid4().hex, socket.gethostname(), os.getpid())


def is_gone(claimant: Claimant, silent: float) -> bool:
    """Whether its claims are anybody's again.

    Args:
        claimant: of whom.
        silent: seconds since its last sign of life, by the database's clock.
    """
    if silent > EXPIRES_AFTER:
        return True
    if claimant.host != socket.gethostname():
        return False
    try:
        os.kill(claimant.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False
