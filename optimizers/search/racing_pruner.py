"""Stops a trial once an exact paired test says that it is behind the best."""

import optuna
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial

from openmedlm.metrics import mcnemar, paired_counts
from openmedlm.optimizers.search.defaults import ALPHA
from openmedlm.optimizers.search.trial_answers import TokenPrices, TrialAnswers
from openmedlm.optimizers.search.trial_attrs import finished, read_trial_answers, read_trial_config


def is_worse(challenger: TrialAnswers, leader: TrialAnswers, votes: int, alpha: float) -> bool:
    """Whether the challenger is behind, on the questions that it has answered, by a one-sided exact McNemar test.

    Args:
        challenger: at its own size.
        leader: has answered those questions too.
        votes: the size at which the leader is taken.
        alpha: level of the test.
    """
    pairs = paired_counts(challenger.correct(), leader.correct(votes)[: len(challenger)])
    return mcnemar(pairs, "less") < alpha


class RacingPruner(BasePruner):
    """Races each trial against the best finished one, on the questions that both have answered.

    Configurations answer the same questions, so most of the noise in an accuracy is common to both and cancels in
    pairs; pruners that compare means, or values of single steps, leave that unused. After every block of questions the
    trial is stopped if an exact one-sided McNemar test puts it behind. The level is per look, not over all looks: a
    race should lose a good configuration now and then rather than pay for every bad one to the end (racing: Maron and
    Moore 1994; F-Race: Birattari et al. 2002).

    An ensemble is raced with its first few votes before the others are bought. The leader's votes nest as well, so that
    it is taken at the same size then.

    The answers are read from the trials' user attributes, so that workers that share a study race each other's trials.

    Args:
        golds: the right letters, in the study's order of questions.
        alpha: level of the test at the first question; it rises to twice that at the last, since early looks are noisy,
            while late ones decide whether the costly rest is bought. Above 0 and below 1.
        rates: where costs count too; the leader is then the best of those that cost no more than the trial.
    """

    def __init__(self, golds: str, alpha: float = ALPHA, rates: TokenPrices | None = None) -> None:
        if not 0 < alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1 exclusive, got {alpha}")
        self._golds = golds
        self._alpha = alpha
        self._rates = rates
        self._finished: dict[int, TrialAnswers] = {}

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Whether the trial is behind the best finished trial by now."""
        challenger = read_trial_answers(trial, self._golds)
        if not len(challenger):
            return False
        scouting = challenger.votes < read_trial_config(trial).votes
        affordable = None if self._rates is None else challenger.cost(self._rates)
        best: tuple[TrialAnswers, int] | None = None
        for other in finished(study):
            if other.number == trial.number:
                continue
            trial_answers = self._sheet(other)
            votes = min(challenger.votes, trial_answers.votes) if scouting else trial_answers.votes
            if (
                self._rates is not None
                and affordable is not None
                and trial_answers.cost(self._rates, votes) > affordable
            ):
                continue
            if best is None or trial_answers.accuracy() > best[0].accuracy():
                best = trial_answers, votes
        if best is None:
            return False
        level = self._alpha * (1 + len(challenger) / len(self._golds))
        return is_worse(challenger, *best, level)

    def _sheet(self, trial: FrozenTrial) -> TrialAnswers:
        if trial.number not in self._finished:  # a finished trial no longer changes
            self._finished[trial.number] = read_trial_answers(trial, self._golds)
        return self._finished[trial.number]
