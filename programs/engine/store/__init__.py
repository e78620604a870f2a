"""Every completion that was ever paid for, on disk before it is used."""

from programs.engine.store.claimant import this_machine
from programs.engine.store.database import Claim, Spent
from programs.engine.store.vote_store import VoteStore

__all__ = ["Claim", "Spent", "VoteStore", "this_machine"]
