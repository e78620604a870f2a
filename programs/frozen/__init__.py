"""Frozen programs: directories that anyone can read, diff, check and run years later, without DSPy and offline."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from programs.frozen.document import DevScore, Document, Origin, Provenance, Share
from programs.frozen.loading import FrozenProgram, Refused, is_frozen, load_program
from programs.frozen.verifying import Verification, verify_program

if TYPE_CHECKING:
    from programs.frozen.freezing import Facts, check_place, freeze

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

_OF_FREEZING = ("Facts", "check_place", "freeze")


def __getattr__(name: str) -> Any:
    """What freezes is loaded when it is asked for: who runs a program needs none of it."""
    if name in _OF_FREEZING:
        return getattr(import_module("programs.frozen.freezing"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
