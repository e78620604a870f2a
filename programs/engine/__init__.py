"""How prompt programs are run against models."""

from programs.engine.budget import Budget, BudgetSpent, Limits
from programs.engine.client import open_client
from programs.engine.cluster import Cluster
from programs.engine.endpoint import Endpoint, connect, find_endpoint
from programs.engine.engine import Engine
from programs.engine.errors import EndpointDownError, EndpointError
from programs.engine.opening import AnyEngine, open_engine
from programs.engine.policy import Policy, Unreadable
from programs.engine.store import VoteStore
from programs.engine.waiting import wait_for

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
