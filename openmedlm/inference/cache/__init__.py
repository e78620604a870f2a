"""Every completion that was ever paid for, on disk before it is used."""

from openmedlm.inference.cache.backend import Claim, Spent
from openmedlm.inference.cache.leases import this_machine
from openmedlm.inference.cache.store import VoteStore

__all__ = ["Claim", "Spent", "VoteStore", "this_machine"]
