"""Inference: engines, endpoints, clients, and the completion cache."""

from openmedlm.inference.budget import Budget, BudgetExceeded, Limits
from openmedlm.inference.cache import CompletionCache
from openmedlm.inference.clients.open import open_client
from openmedlm.inference.clients.waiting import LoadingWait
from openmedlm.inference.endpoint import Endpoint, connect, find_endpoint
from openmedlm.inference.engine import Engine
from openmedlm.inference.errors import EndpointDownError, EndpointError
from openmedlm.inference.event_loop import call_in_thread, wait_for
from openmedlm.inference.notices import EndpointWarning, Notices
from openmedlm.inference.open_engine import AnyEngine, open_engine
from openmedlm.inference.policy import OnUnparsed, Policy
from openmedlm.inference.ray_cluster import Cluster

__all__ = [
    "AnyEngine",
    "Budget",
    "BudgetExceeded",
    "Cluster",
    "CompletionCache",
    "Endpoint",
    "EndpointDownError",
    "EndpointError",
    "EndpointWarning",
    "Engine",
    "Limits",
    "LoadingWait",
    "Notices",
    "OnUnparsed",
    "Policy",
    "call_in_thread",
    "connect",
    "find_endpoint",
    "open_client",
    "open_engine",
    "wait_for",
]
