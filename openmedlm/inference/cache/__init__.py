"""Completion cache: every completion is on disk before it is used."""

from openmedlm.inference.cache.backend import Lease, Usage
from openmedlm.inference.cache.leases import this_machine
from openmedlm.inference.cache.store import CompletionCache

__all__ = ["CompletionCache", "Lease", "Usage", "this_machine"]
