"""Rationales that a teacher wrote and that end on the gold letter."""

from optimizers.rationales.pool import RationalePool, Taught, add_to_pool, read_pool
from optimizers.rationales.report import PoolReport, Round, report
from optimizers.rationales.writing import Written, write_rationales

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
