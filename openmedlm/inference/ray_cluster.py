"""Ray cluster of `--engine ray`: its address, and the checks before a connection to it."""

import logging
import os
import socket
import sys
from dataclasses import dataclass
from typing import Any

from openmedlm.data import UserError
from openmedlm.utils.errors import install_command
from openmedlm.utils.urls import has_password

CONNECT_TIMEOUT_SECONDS = 10.0
"""Maximum seconds of the check that a cluster listens."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Ray cluster that answers questions.

    Attributes:
        address: Address as `ray.init` takes it; None for the cluster in RAY_ADDRESS, or a new one on this machine.
        workers: Number of worker processes; None for one per CPU.

    Example:
        >>> Cluster(workers=4)
        Cluster(address=None, workers=4)
    """

    address: str | None = None
    workers: int | None = None


def connect_to_ray(cluster: Cluster) -> Any:
    """Connect to the cluster, and return the `ray` module."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise UserError(f"no Ray for --engine ray. Install it: {install_command('ray')}.") from None
    if ray.is_initialized():
        return ray
    address = cluster.address or os.environ.get("RAY_ADDRESS") or "local"
    # A cluster for this command alone must not be reachable from the network.
    private: dict[str, Any] = {"_node_ip_address": "127.0.0.1", "include_dashboard": False}
    options = private if address == "local" else {}
    try:
        _check_address(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **options)
    except (ray.exceptions.RayError, ConnectionError, RuntimeError, ValueError, OSError) as error:
        message = " ".join(str(error).split())[:300]
        where = "this machine" if address == "local" else address
        raise UserError(f"no Ray cluster at {where}: {message}. Check --ray-address.") from error
    return ray


def check_secrets() -> None:
    """Check that the command line may be public: Ray's table of jobs shows it to all users of the cluster.

    Raises:
        UserError: The command line holds a key or a password.
    """
    options = {word.partition("=")[0] for word in sys.argv[1:]}
    for option in ("--api-key", "--teacher-api-key"):
        if option in options:
            name = f"OPENMEDLM_{option.removeprefix('--').replace('-', '_').upper()}"
            raise UserError(
                f"{option} is on the command line, which Ray shows to all users of the cluster. Set {name} instead."
            )
    if any(has_password(word.partition("=")[2] if word.startswith("--") else word) for word in sys.argv[1:]):
        raise UserError(
            "a password is on the command line, which Ray shows to all users of the cluster. "
            "Set OPENMEDLM_STORE and OPENMEDLM_STORAGE instead."
        )


def _check_address(address: str) -> None:
    """Check that a server listens there; Ray itself needs minutes to notice that none does.

    Raises:
        OSError: No server listens.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_TIMEOUT_SECONDS).close()
