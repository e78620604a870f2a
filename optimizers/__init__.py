"""Optimizers that compile a strategy: exemplar selection, retrieval pools, ensembles, search.

Each follows DSPy's `compile(student, *, trainset, valset=None)`. Names are imported when they are first used, because
most of them import DSPy or Optuna.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from openmedlm.optimizers.program_config import ProgramConfig
from openmedlm.programs.registry import STRATEGIES

if TYPE_CHECKING:
    from openmedlm.optimizers.compile import compile_program
    from openmedlm.optimizers.knn_few_shot import KNNFewShot
    from openmedlm.optimizers.majority_vote import MajorityVote
    from openmedlm.optimizers.random_few_shot import RandomFewShot
    from openmedlm.optimizers.search.racing_pruner import RacingPruner
    from openmedlm.optimizers.search.space import Space, Span
    from openmedlm.optimizers.search.trial_config import TrialConfig
    from openmedlm.optimizers.tune_strategy import TuneStrategy

__all__ = [
    "STRATEGIES",
    "KNNFewShot",
    "MajorityVote",
    "ProgramConfig",
    "RacingPruner",
    "RandomFewShot",
    "Space",
    "Span",
    "TrialConfig",
    "TuneStrategy",
    "compile_program",
]

if not TYPE_CHECKING:
    _MODULES = {
        "KNNFewShot": "knn_few_shot",
        "MajorityVote": "majority_vote",
        "RacingPruner": "search.racing_pruner",
        "RandomFewShot": "random_few_shot",
        "Space": "search.space",
        "Span": "search.space",
        "TrialConfig": "search.trial_config",
        "TuneStrategy": "tune_strategy",
        "compile_program": "compile",
    }

    def __getattr__(name):
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)

    def __dir__():
        return __all__
