"""Frozen programs: directories that anyone can read, diff, check and run years later, without DSPy and offline."""

from programs.frozen.document import DevScore, Document, Origin, Provenance, Share
from programs.frozen.freezing import Facts, check_place, freeze
from programs.frozen.loading import FrozenProgram, Refused, is_frozen, load_program
from programs.frozen.verifying import Verification, verify_program

__all__ = [
    "DevScore",
    "Document",
    "Facts",
    "FrozenProgram",
    "Origin",
    "Provenance",
    "Refused",
    "Share",
    "Verification",
    "check_place",
    "freeze",
    "is_frozen",
    "load_program",
    "verify_program",
]
