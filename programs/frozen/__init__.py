"""Frozen programs: directories that anyone can read, diff, check and run years later, without DSPy and offline."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from openmedlm.programs.frozen.load import FrozenProgram, InvalidProgram, is_frozen, load_program
from openmedlm.programs.frozen.schema import CorrectCount, DataSource, DevScore, Document, Provenance
from openmedlm.programs.frozen.verify import Verification, verify_program

if TYPE_CHECKING:
    from openmedlm.programs.frozen.freeze import ProgramMetadata, check_place, freeze_program

__all__ = [
    "CorrectCount",
    "DataSource",
    "DevScore",
    "Document",
    "FrozenProgram",
    "InvalidProgram",
    "ProgramMetadata",
    "Provenance",
    "Verification",
    "check_place",
    "freeze_program",
    "is_frozen",
    "load_program",
    "verify_program",
]

_OF_FREEZING = ("ProgramMetadata", "check_place", "freeze_program")


def __getattr__(name: str) -> Any:
    """What freezes is loaded when it is asked for: who runs a program needs none of it."""
    if name in _OF_FREEZING:
        return getattr(import_module("openmedlm.programs.frozen.freeze"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
