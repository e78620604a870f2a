"""Samplers and pruners of Optuna by name."""

import warnings
from typing import Literal

import optuna
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, WilcoxonPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from openmedlm.optimizers.search.racing_pruner import RacingPruner
from openmedlm.optimizers.search.trial_answers import TokenPrices
from openmedlm.programs.option_order import derive_seed

Sampler = Literal["tpe", "random", "grid"]
Pruner = Literal["racing", "wilcoxon", "hyperband", "median", "none"]
SAMPLERS: tuple[Sampler, ...] = ("tpe", "random", "grid")
PRUNERS: tuple[Pruner, ...] = ("racing", "wilcoxon", "hyperband", "median", "none")


def make_sampler(name: Sampler, seed: int, index: int) -> BaseSampler:
    """Return the sampler for the trial of that index; its draws follow from the seed, the index and the study's trials.

    A grid has none: its points are enqueued one by one.
    """
    seed = derive_seed(seed, "trial", index)
    if name != "tpe":
        return RandomSampler(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return TPESampler(seed=seed, multivariate=True, group=True)


def make_pruner(name: Pruner, golds: str, block: int, alpha: float, prices: TokenPrices | None) -> BasePruner:
    """Return the pruner of that name.

    Args:
        golds, alpha, prices: Arguments of `RacingPruner`; alpha is the threshold of `WilcoxonPruner` too.
        block: Number of questions before Optuna's own pruners first judge.
    """
    if name == "racing":
        return RacingPruner(golds, alpha, prices=prices)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if name == "wilcoxon":
            return WilcoxonPruner(p_threshold=alpha, n_startup_steps=block)
        if name == "hyperband":
            return HyperbandPruner(min_resource=block, max_resource=len(golds))
    return MedianPruner(n_startup_trials=3, n_warmup_steps=block) if name == "median" else NopPruner()
