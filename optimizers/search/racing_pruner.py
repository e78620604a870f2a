"""Pruner that stops a trial once an exact paired test shows that it is worse than the best."""

import optuna
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial

from openmedlm.metrics import mcnemar, paired_counts
from openmedlm.optimizers.search.defaults import PRUNING_ALPHA
from openmedlm.optimizers.search.trial_answers import TokenPrices, TrialAnswers
from openmedlm.optimizers.search.trial_attrs import complete_trials, read_trial_answers, read_trial_config


def is_worse(challenger: TrialAnswers, leader: TrialAnswers, votes: int, alpha: float) -> bool:
    """Return True if the challenger is worse by a one-sided exact McNemar test on the questions that it has answered.

    Args:
        challenger: Answers at its own ensemble size.
        leader: Answers to at least the same questions.
        votes: Ensemble size of the leader in the test.
        alpha: Level of the test.
    """
    pairs = paired_counts(challenger.correct(), leader.correct(votes)[: len(challenger)])
    return mcnemar(pairs, "less") < alpha


class RacingPruner(BasePruner):
    """Race each trial against the best complete one, on the questions that both have answered.

    Configurations answer the same questions. Most of the noise in an accuracy is therefore common to both and cancels
    in pairs; pruners that compare means or single steps do not use that. After every block of questions an exact
    one-sided McNemar test decides. Its level holds per test, not over all tests: a race that loses a good configuration
    now and then is cheaper than one that runs every bad one to the end (racing: Maron and Moore 1994; F-Race: Birattari
    et al. 2002).

    An ensemble is raced with its first few votes before the others are requested. The leader's votes nest as well, so
    it is taken at the same size then.

    The answers are read from the trials' user attributes, so that workers that share a study race each other's trials.

    Args:
        golds: Gold letters, in the study's order of questions.
        alpha: Level of the test at the first question, above 0 and below 1. It rises linearly to twice that at the
            last, since early tests are noisy, while late ones decide on the costly remaining questions.
        prices: Token prices, where the objective includes cost. The leader is then the best of the trials that cost no
            more than the tested one.

    Raises:
        ValueError: alpha is out of range.

    Example:
        >>> import optuna
        >>> from openmedlm.optimizers import RacingPruner
        >>> study = optuna.create_study(direction="maximize", pruner=RacingPruner(golds="ABCD" * 25))
    """

    def __init__(self, golds: str, alpha: float = PRUNING_ALPHA, prices: TokenPrices | None = None) -> None:
        if not 0 < alpha < 1:
            raise ValueError(f"alpha must be between 0 and 1 exclusive, got {alpha}")
        self._golds = golds
        self._alpha = alpha
        self._prices = prices
        self._complete: dict[int, TrialAnswers] = {}

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Return True if the trial is worse than the best complete one."""
        challenger = read_trial_answers(trial, self._golds)
        if not len(challenger):
            return False
        low_fidelity = challenger.votes < read_trial_config(trial).votes
        max_cost = None if self._prices is None else challenger.cost(self._prices)
        best: tuple[TrialAnswers, int] | None = None
        for other in complete_trials(study):
            if other.number == trial.number:
                continue
            answers = self._answers(other)
            votes = min(challenger.votes, answers.votes) if low_fidelity else answers.votes
            if self._prices is not None and max_cost is not None and answers.cost(self._prices, votes) > max_cost:
                continue
            if best is None or answers.accuracy() > best[0].accuracy():
                best = answers, votes
        if best is None:
            return False
        level = self._alpha * (1 + len(challenger) / len(self._golds))
        return is_worse(challenger, *best, level)

    def _answers(self, trial: FrozenTrial) -> TrialAnswers:
        if trial.number not in self._complete:  # a complete trial no longer changes
            self._complete[trial.number] = read_trial_answers(trial, self._golds)
        return self._complete[trial.number]
