"""Frozen programs: directories that can be read, diffed, verified and run years later, offline and without DSPy."""

from importlib import import_module
from typing import TYPE_CHECKING

from openmedlm.programs.frozen.load import FrozenProgram, InvalidProgram, is_frozen, load_program
from openmedlm.programs.frozen.schema import (
    CorrectCount,
    DataSource,
    DevScore,
    Document,
    Provenance,
    to_stored_unreadable,
)
from openmedlm.programs.frozen.verify import Verification, verify_program

if TYPE_CHECKING:
    from openmedlm.programs.frozen.freeze import ProgramMetadata, check_target_directory, freeze_program

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
    "check_target_directory",
    "freeze_program",
    "is_frozen",
    "load_program",
    "to_stored_unreadable",
    "verify_program",
]

if not TYPE_CHECKING:  # a visible __getattr__ would make every unknown name an Any
    _LAZY = ("ProgramMetadata", "check_target_directory", "freeze_program")

    def __getattr__(name):
        """Import the names that freeze programs on first use; running a program does not need them."""
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.freeze"), name)

    def __dir__():
        return sorted({*globals(), *__all__})
