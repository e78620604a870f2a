"""Programs and endpoints that the command line names: strategies, directories of frozen programs, model strings."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from openmedlm.data import UserError
from openmedlm.inference import Endpoint, find_endpoint
from openmedlm.optimizers import STRATEGIES
from openmedlm.options import EvaluateOptions, ModelOptions, ProgramOptions
from openmedlm.programs.frozen import FrozenProgram, is_frozen, load_program
from openmedlm.utils.choices import check_choice
from openmedlm.utils.paths import vectors_directory


def load_frozen_args(names: Sequence[str], options: EvaluateOptions) -> Mapping[str, FrozenProgram]:
    """Load the frozen programs among the names; the name of a strategy is never taken for a directory.

    Raises:
        UserError: A path holds no frozen program, or the options would change what all of the programs fix.
    """
    frozen = {}
    program, data, seed = options.program, options.data, options.output.seed
    for name in dict.fromkeys(names):
        if name in STRATEGIES:
            continue
        path = Path(name)
        if is_frozen(path):
            frozen[name] = load_program(path, program.embedder, vectors_directory())
        elif "/" in name or _exists(path):
            raise UserError(f"no frozen program in {name}. Create one with: openmedlm compile -o {name}")
        else:
            check_choice(name, STRATEGIES, "strategy or program directory")
    changed = program != ProgramOptions(embedder=program.embedder) or data.teacher != "auto" or data.pool or seed
    if frozen and len(frozen) == len(set(names)) and changed:
        raise UserError(
            "program options with frozen programs only: a frozen program fixes its k, votes, sampling, template, pool, "
            "teacher and seed. Remove those options."
        )
    return frozen


def resolve_endpoint(model: ModelOptions, frozen: Iterable[FrozenProgram] = ()) -> Endpoint:
    """Return the endpoint of the options; without a model, that of the model of all frozen programs.

    Raises:
        UserError: No model is named, or the programs were made for different ones.
    """
    names = [model.model] if model.model else sorted({program.document.model for program in frozen})
    if not names:
        raise UserError("no model. Name one with --model, such as local/qwen2.5-coder-0.5b (see: openmedlm models).")
    if len(names) > 1:
        raise UserError(f"programs of different models: {', '.join(names)}. Choose one with --model.")
    return find_endpoint(names[0], model.api_base, model.api_key, model.model_id)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # for example a name too long for a file
        return False
