"""Optuna's samplers and pruners by name."""

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
    """The sampler of that name for the trial of that place; what it does follows from these and the study's history.

    A grid has none: its points are put in line one by one.
    """
    seed = derive_seed(seed, "trial", index)
    if name != "tpe":
        return RandomSampler(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return TPESampler(seed=seed, multivariate=True, group=True)


def make_pruner(name: Pruner, golds: str, block: int, alpha: float, rates: TokenPrices | None) -> BasePruner:
    """The pruner of that name.

    Args:
        golds, alpha, rates: of the race, see `RacingPruner`; alpha is Wilcoxon's threshold too.
        block: questions before the stock pruners begin to judge.
    """
    if name == "racing":
        return RacingPruner(golds, alpha, rates=rates)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if name == "wilcoxon":
            return WilcoxonPruner(p_threshold=alpha, n_startup_steps=block)
        if name == "hyperband":
            return HyperbandPruner(min_resource=block, max_resource=len(golds))
    return MedianPruner(n_startup_trials=3, n_warmup_steps=block) if name == "median" else NopPruner()
