"""Programs as the command line names them: strategies, and directories of frozen programs."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from openmedlm.data import UserError
from openmedlm.inference import Endpoint, find_endpoint
from openmedlm.optimizers import STRATEGIES
from openmedlm.options.groups import DataOptions, ModelOptions, ProgramOptions
from openmedlm.programs.frozen import FrozenProgram, is_frozen, load_program
from openmedlm.utils.paths import vectors_directory


def load_frozen_args(
    names: Sequence[str], options: ProgramOptions, data: DataOptions, seed: int
) -> Mapping[str, FrozenProgram]:
    """The frozen programs among the names, loaded; a strategy's name is never taken for a directory.

    Raises:
        Refused: one of them is not what was frozen.
        UserError: a name is a directory without a program, or options are given that a frozen program has decided.
    """
    frozen = {}
    for name in names:
        if name in STRATEGIES:
            continue
        path = Path(name)
        if is_frozen(path):
            frozen[name] = load_program(path, options.embedder, vectors_directory())
        elif "/" in name or _is_here(path):
            raise UserError(f"{name}: no frozen program is there; make one with: openmedlm compile -o {name}")
    decided = options != ProgramOptions(embedder=options.embedder) or data.teacher != "auto" or data.pool or seed
    if frozen and len(frozen) == len(set(names)) and decided:
        raise UserError(
            "a frozen program has decided its own k, votes, decoding, template, pool, teacher and seed; leave those "
            "options out"
        )
    return frozen


def _is_here(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # such as a name that is too long for a file
        return False


def resolve_endpoint(model: ModelOptions, frozen: Iterable[FrozenProgram] = ()) -> Endpoint:
    """The endpoint that the options name, or else the model that all the frozen programs were made for.

    Raises:
        UserError: none is named, or they were made for different ones.
    """
    names = [model.model] if model.model else sorted({program.document.model for program in frozen})
    if not names:
        raise UserError("which model? name it with -m, such as -m local/qwen2.5-coder-0.5b (see: openmedlm models)")
    if len(names) > 1:
        raise UserError(f"the programs were made for {', '.join(names)}; name the one to ask with -m")
    return find_endpoint(names[0], model.api_base, model.api_key, model.model_id)
