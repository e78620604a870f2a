"""State files that DSPy loads."""

import tempfile
from pathlib import Path

from openmedlm.programs.frozen import FrozenProgram
from openmedlm.programs.retrieval.knn_exemplars import KNNExemplars


def dspy_state(frozen: FrozenProgram) -> tuple[bytes, str]:
    """Return the state for DSPy's `Module.load`, and instructions that name the module to load it into."""
    from openmedlm.programs.ensemble import MajorityEnsemble
    from openmedlm.programs.to_module import to_module, to_stock_module

    program = frozen.program
    if isinstance(program.exemplars, KNNExemplars):
        module = to_module(program)
        call = f"{type(module).__name__}()"
        if isinstance(module, MajorityEnsemble):
            call = f"{type(module).__name__}({type(module.member).__name__}())"
        instructions = (
            f"Load it with openmedlm.{call}.load(FILE.json). Stock DSPy has no retrieving module whose pool can be "
            "loaded."
        )
    else:
        module = to_stock_module(program)
        kind = "ChainOfThought" if program.reasoning else "Predict"
        instructions = (
            f"Load it with dspy.{kind}(SIGNATURE).load(FILE.json). SIGNATURE is openmedlm.MultipleChoiceQA or your own."
        )
        if program.member is not None:
            instructions += f" It is one of {program.votes} votes; DSPy's state does not hold the number of votes."
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.json"
        module.save(path)
        return path.read_bytes(), instructions
