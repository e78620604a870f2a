"""Rationales of a teacher model that end on the gold letter."""

from openmedlm.optimizers.rationales.generate import RationaleBatch, generate_rationales
from openmedlm.optimizers.rationales.pool import RationalePool, RationaleRecord, add_to_pool, read_pool
from openmedlm.optimizers.rationales.report import PoolReport, Round, report

__all__ = [
    "PoolReport",
    "RationaleBatch",
    "RationalePool",
    "RationaleRecord",
    "Round",
    "add_to_pool",
    "generate_rationales",
    "read_pool",
    "report",
]
