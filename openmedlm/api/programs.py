"""Conversion of the programs that API functions take to the compiled form that the engine runs."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.frozen import FrozenProgram, load_program
from openmedlm.programs.prompt_program import PromptProgram
from openmedlm.programs.strategy import Strategy
from openmedlm.utils.errors import UserError
from openmedlm.utils.paths import vectors_directory

Program: TypeAlias = Strategy | MajorityEnsemble | FrozenProgram | PromptProgram | str | Path
"""A DSPy module of OpenMedLM, a frozen program, or the directory of one."""


def to_prompt_program(program: Program) -> PromptProgram:
    """Return the compiled form of a program.

    Raises:
        UserError: A directory holds no valid frozen program.
        TypeError: The object is no program of OpenMedLM.
    """
    if isinstance(program, PromptProgram):
        return program
    if isinstance(program, FrozenProgram):
        return program.program
    if isinstance(program, str | Path):
        return load_program(program, vectors=vectors_directory()).program
    if isinstance(program, Strategy | MajorityEnsemble):
        return program.prompt_program()
    raise TypeError(
        f"not a program of OpenMedLM: {type(program).__name__}. Pass a ZeroShot, FewShot, CoT, FewShotCoT, KNNPredict, "
        "KNNCoT or MajorityEnsemble, a FrozenProgram, or the directory of one."
    )


def named_programs(programs: Program | Iterable[Program] | Mapping[str, Program]) -> dict[str, PromptProgram]:
    """Return programs by the names that results show: their own names, or those of the mapping.

    Args:
        programs: One program, several, or a mapping of names to programs. A second program of one name is numbered.

    Raises:
        UserError: There is no program.
        TypeError: An object is no program.
    """
    if isinstance(programs, Mapping):
        named = {str(name): to_prompt_program(program) for name, program in programs.items()}
    elif isinstance(programs, str | Path | Strategy | MajorityEnsemble | FrozenProgram | PromptProgram):
        named = _numbered([programs])
    elif isinstance(programs, Iterable):
        named = _numbered(programs)
    else:
        named = {"": to_prompt_program(programs)}  # raises the TypeError
    if not named:
        raise UserError("no programs in evaluate: an empty sequence. Pass at least one program.")
    return named


def _numbered(programs: Iterable[Program]) -> dict[str, PromptProgram]:
    named: dict[str, PromptProgram] = {}
    for program in programs:
        compiled = to_prompt_program(program)
        base = _name(program, compiled)
        number = sum(name == base or name.startswith(f"{base} #") for name in named)
        named[f"{base} #{number + 1}" if number else base] = compiled
    return named


def _name(program: Program, compiled: PromptProgram) -> str:
    if isinstance(program, str | Path):
        return Path(program).name
    return program.directory.name if isinstance(program, FrozenProgram) else compiled.strategy
