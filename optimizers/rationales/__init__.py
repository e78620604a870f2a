"""Rationales that a teacher wrote and that end on the gold letter."""

from openmedlm.optimizers.rationales.generate import Written, write_rationales
from openmedlm.optimizers.rationales.pool import RationalePool, Taught, add_to_pool, read_pool
from openmedlm.optimizers.rationales.report import PoolReport, Round, report

__all__ = [
    "PoolReport",
    "RationalePool",
    "Round",
    "Taught",
    "Written",
    "add_to_pool",
    "read_pool",
    "report",
    "write_rationales",
]
