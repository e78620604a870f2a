"""How prompt programs are run against models."""

from openmedlm.inference.budget import Budget, BudgetSpent, Limits
from openmedlm.inference.cache import VoteStore
from openmedlm.inference.clients.base import open_client
from openmedlm.inference.endpoint import Endpoint, connect, find_endpoint
from openmedlm.inference.engine import Engine
from openmedlm.inference.errors import EndpointDownError, EndpointError
from openmedlm.inference.event_loop import wait_for
from openmedlm.inference.open_engine import AnyEngine, open_engine
from openmedlm.inference.policy import Policy, Unreadable
from openmedlm.inference.ray_engine import Cluster

__all__ = [
    "AnyEngine",
    "Budget",
    "BudgetSpent",
    "Cluster",
    "Endpoint",
    "EndpointDownError",
    "EndpointError",
    "Engine",
    "Limits",
    "Policy",
    "Unreadable",
    "VoteStore",
    "connect",
    "find_endpoint",
    "open_client",
    "open_engine",
    "wait_for",
]
