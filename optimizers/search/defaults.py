"""Default numbers of the search, measured on a simulated model (benchmarks/tuning.py, docs/tuning.md)."""

from openmedlm.optimizers.search.trial_config import TrialConfig

BASELINE = TrialConfig("zero-shot")
"""The program that the winner is compared with: the model with a plain prompt."""

BASELINES = (
    BASELINE,
    TrialConfig("few-shot", k=5),
    TrialConfig("knn-few-shot", k=5),
    TrialConfig("cot"),
    TrialConfig("few-shot-cot", k=5),
    TrialConfig("knn-cot", k=5),
    TrialConfig("knn-cot", k=5, votes=5, temperature=0.8, top_p=0.8, shuffle=True),
)
"""The strategies of the paper as `ladder` runs them. They are the first trials of a study."""

BLOCK_QUESTIONS = 25
"""Questions that a trial answers before the pruner first tests it."""

BLOCK_GROWTH = 2.0
"""Length of each block relative to the one before. With many tests, good configurations are pruned by chance."""

PRUNING_ALPHA = 0.1
"""Level of the paired test that prunes a trial, at the first question. It rises to twice this at the last."""

LOW_FIDELITY_VOTES = 3
"""Votes of an ensemble's first evaluation. An ensemble that is worse with these votes is pruned before the others."""

MAX_FINALIST_TRIALS = 6
"""Trials whose programs are evaluated on the holdout set."""

TIE_ALPHA = 0.45
"""Level of the paired test of the final choice. A program at or above it ties with the best; the cheapest tied one
wins."""

MAX_FAILED_SHARE = 0.1
"""Share of a block's questions that may fail at the endpoint. Above it, the result would measure the endpoint."""

SEARCH_SET_SHARE = 0.3
"""Share of the dev questions in the search set; the others are the holdout set."""

MIN_SEARCH_QUESTIONS = 100
"""Least number of questions in the search set, unless they are more than half of dev."""

MIN_TRIALS = 60
MAX_TRIALS = 150
DEV_QUESTIONS_PER_TRIAL = 4
"""The default number of trials is the dev questions over this number, within the two limits: few questions do not
distinguish many configurations."""


def default_trials(dev: int) -> int:
    """Return the number of trials for so many dev questions."""
    return min(MAX_TRIALS, max(MIN_TRIALS, dev // DEV_QUESTIONS_PER_TRIAL))


def default_search_share(dev: int) -> float:
    """Return the search set's share of so many dev questions, in (0, 0.5]."""
    return min(0.5, max(SEARCH_SET_SHARE, MIN_SEARCH_QUESTIONS / dev))
