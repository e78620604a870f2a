"""The search: trials one after another, each on the shared questions, block by block."""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Literal, Protocol

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from openmedlm.data import Question
from openmedlm.optimizers.search.defaults import ALPHA, LOW_FIDELITY_VOTES
from openmedlm.optimizers.search.eval_schedule import EvalSchedule
from openmedlm.optimizers.search.sampler import Pruner, Sampler, make_pruner, make_sampler
from openmedlm.optimizers.search.space import Space
from openmedlm.optimizers.search.trial_answers import UNPRICED, QuestionVotes, TokenPrices, TrialAnswers
from openmedlm.optimizers.search.trial_attrs import write_block, write_trial_config
from openmedlm.optimizers.search.trial_config import TrialConfig
from openmedlm.programs.option_order import derive_seed

Objective = Literal["accuracy", "cost", "both"]
_FIRST = "first"
"""Marks a trial with its place among those that are tried before any is sampled."""

OBJECTIVES: tuple[Objective, ...] = ("accuracy", "cost", "both")


class Evaluator(Protocol):
    """Has a configuration answer questions."""

    def evaluate(self, configuration: TrialConfig, questions: Sequence[Question]) -> list[QuestionVotes]:
        """The answers, in the order of the questions.

        Raises:
            BudgetExceeded: the money, the calls or the time are used up.
        """


@dataclass(frozen=True, slots=True)
class Search:
    """How a study is searched.

    Attributes:
        space: what may be chosen.
        objective: `accuracy`; `cost`, of a right answer; or `both`, the Pareto front of accuracy and cost a question.
        sampler, pruner: by name.
        alpha: level at which a trial counts as behind.
        rates: what a token costs.
        seed: of every trial's sampling.
        first: configurations that are tried before any is sampled.
    """

    space: Space
    objective: Objective = "accuracy"
    sampler: Sampler = "tpe"
    pruner: Pruner = "racing"
    alpha: float = ALPHA
    rates: TokenPrices = UNPRICED
    seed: int = 0
    first: tuple[TrialConfig, ...] = ()

    def directions(self) -> list[StudyDirection]:
        """Of the study's objectives."""
        best, least = StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE
        return {"accuracy": [best], "cost": [least], "both": [best, least]}[self.objective]

    def values(self, trial_answers: TrialAnswers) -> list[float]:
        """What a whole sheet is worth."""
        accuracy, cost = trial_answers.accuracy(), trial_answers.cost(self.rates)
        if self.objective == "accuracy":
            return [accuracy]
        if self.objective == "cost":
            return [cost / max(accuracy, 0.5 / len(trial_answers))]  # none right: as if half a question were
        return [accuracy, cost]

    def run(
        self,
        study: optuna.Study,
        schedule: EvalSchedule,
        evaluator: Evaluator,
        trials: int,
        told: Callable[[FrozenTrial, TrialAnswers], None] | None = None,
        mark: Callable[[optuna.Trial], None] | None = None,
    ) -> None:
        """Goes on until the study has so many trials that are finished, stopped or under way.

        What each trial asks depends on the seed and on the trials before it, not on who ran them or when: a study that
        was killed goes on as if it had not been.

        Args:
            study: with the directions of `directions`.
            course: the questions.
            examiner: has them answered.
            trials: in all, those of earlier runs and other workers included.
            told: called with each trial after each block, and the sheet so far.
            mark: called with each trial as it begins.

        Raises:
            BudgetExceeded: as the examiner raised it; the trial under way counts as failed, and will be repeated.
        """
        rates = None if self.objective == "accuracy" else self.rates
        pruner = make_pruner(self.pruner, schedule.golds, schedule.block, self.alpha, rates)
        study.pruner = pruner

        def objective(trial: optuna.Trial) -> list[float]:
            if mark is not None:
                mark(trial)
            configuration = self.space.suggest(trial)
            write_trial_config(trial, configuration)
            sizes = [LOW_FIDELITY_VOTES] if self.pruner == "racing" and configuration.votes > LOW_FIDELITY_VOTES else []
            for lap, votes in enumerate((*sizes, configuration.votes)):
                trial_answers = TrialAnswers((), "", votes)
                for number, block in enumerate(schedule.blocks()):
                    answers = evaluator.evaluate(configuration.sized(votes), block)
                    trial_answers = trial_answers.extended(answers, "".join(question.answer for question in block))
                    write_block(trial, votes, number, answers)
                    self._report(trial, lap * len(schedule.questions), trial_answers, len(answers))
                    frozen = study.get_trials(deepcopy=False)[trial.number]
                    if told is not None:
                        told(frozen, trial_answers)
                    whole = votes == configuration.votes and len(trial_answers) == len(schedule.questions)
                    if not whole and pruner.prune(study, frozen):
                        raise optuna.TrialPruned
            return self.values(trial_answers)

        ordered = self._ordered()
        if self.sampler == "grid":
            trials = min(trials, len(ordered))
        while (index := len(_counted(study))) < trials:
            study.sampler = make_sampler(self.sampler, self.seed, index)
            _put_in_line(study, ordered)
            study.optimize(objective, n_trials=1)

    def _ordered(self) -> list[dict[str, Any]]:
        """Parameters of the configurations that are tried before any is sampled; of a grid, all."""
        points = list(self.first)
        if self.sampler == "grid":
            points += sorted(self.space.grid(), key=lambda point: derive_seed(self.seed, "grid", *astuple(point)))
        params = (self.space.params_of(point) for point in dict.fromkeys(points))
        return [each for each in params if each is not None]

    def _report(self, trial: optuna.Trial, before: int, trial_answers: TrialAnswers, fresh: int) -> None:
        """Tells Optuna's pruners, and TPE of trials that are stopped, how far the trial came and how it did.

        With two objectives Optuna takes no reports.
        """
        if self.objective == "both":
            return
        if self.pruner == "wilcoxon":  # it pairs steps, so each question is one
            for step, right in list(enumerate(trial_answers.correct()))[-fresh:]:
                trial.report(float(right) if self.objective == "accuracy" else 1.0 - right, step)
        else:
            trial.report(self.values(trial_answers)[0], before + len(trial_answers))


def _counted(study: optuna.Study) -> list[FrozenTrial]:
    """Trials that count: all but those that broke off."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING))


def _put_in_line(study: optuna.Study, ordered: Sequence[dict[str, Any]]) -> None:
    """Puts the first of these parameters that no trial has yet in line, unless one waits there."""
    waiting = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
    begun = {trial.user_attrs.get(_FIRST) for trial in (*waiting, *_counted(study))}
    for place, params in enumerate(ordered):
        if place not in begun:
            if not waiting:
                study.enqueue_trial(params, user_attrs={_FIRST: place})
            return
