"""Optimizers that compile a strategy: exemplar selection, retrieval pools, ensembles, search.

They import DSPy, so each is imported from its own module: `random_few_shot`, `knn_few_shot`, `majority_vote`,
`tune_strategy`; `compile` goes from a strategy's name to a compiled program.
"""

from openmedlm.optimizers.program_config import STRATEGIES, ProgramConfig

__all__ = ["STRATEGIES", "ProgramConfig"]
