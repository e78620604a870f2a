"""The search: one trial after another, each on the shared questions, block by block."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from openmedlm.data import Question
from openmedlm.optimizers.search.defaults import BASELINE, LOW_FIDELITY_VOTES, PRUNING_ALPHA
from openmedlm.optimizers.search.eval_schedule import EvalSchedule
from openmedlm.optimizers.search.sampler import Pruner, Sampler, make_pruner, make_sampler
from openmedlm.optimizers.search.space import Space
from openmedlm.optimizers.search.trial_answers import UNPRICED, QuestionVotes, TokenPrices, TrialAnswers
from openmedlm.optimizers.search.trial_attrs import write_block, write_trial_config
from openmedlm.optimizers.search.trial_config import TrialConfig
from openmedlm.programs.option_order import derive_seed

Objective = Literal["accuracy", "cost", "both"]
OBJECTIVES: tuple[Objective, ...] = ("accuracy", "cost", "both")

_FIRST = "first"
"""User attribute of an enqueued trial: its index among those that run before any is sampled."""


class Evaluator(Protocol):
    """Answers questions with a configuration."""

    def evaluate(self, configuration: TrialConfig, questions: Sequence[Question]) -> list[QuestionVotes]:
        """Return the answers, in the order of the questions.

        Raises:
            BudgetExceeded: The limit of money, calls or time is reached.
        """


@dataclass(frozen=True, slots=True)
class Search:
    """Settings of a search.

    Attributes:
        space: The search space.
        objective: `accuracy`; `cost`, per correct answer; or `both`: the Pareto front of the two.
        sampler, pruner: Names of the sampler and the pruner.
        alpha: Level of the test that prunes a trial.
        prices: Token prices.
        seed: Seed of every trial's sampling.
        enqueued: Configurations that are tried before any is sampled.
    """

    space: Space
    objective: Objective = "accuracy"
    sampler: Sampler = "tpe"
    pruner: Pruner = "racing"
    alpha: float = PRUNING_ALPHA
    prices: TokenPrices = UNPRICED
    seed: int = 0
    enqueued: tuple[TrialConfig, ...] = ()

    @property
    def baseline(self) -> TrialConfig:
        """Program that the winner is compared with."""
        return self.space.fit(BASELINE)

    def first_configuration(self) -> TrialConfig:
        """Return the configuration of the first trial, at one vote."""
        enqueued = [self.space.fit(point) for point in self.enqueued]
        first = next((point for point in enqueued if self.space.to_params(point) is not None), None)
        return (first or TrialConfig(self.space.strategy[0], k=self.space.max_exemplars)).with_size(1)

    def directions(self) -> list[StudyDirection]:
        """Return the directions of the study's objectives."""
        maximize, minimize = StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE
        return {"accuracy": [maximize], "cost": [minimize], "both": [maximize, minimize]}[self.objective]

    def values(self, answers: TrialAnswers) -> list[float]:
        """Return the objective values of a trial's answers."""
        accuracy, cost = answers.accuracy(), answers.cost(self.prices)
        if self.objective == "accuracy":
            return [accuracy]
        if self.objective == "cost":
            return [cost / max(accuracy, 0.5 / len(answers))]  # none correct: as if half a question were
        return [accuracy, cost]

    def run(
        self,
        study: optuna.Study,
        schedule: EvalSchedule,
        evaluator: Evaluator,
        trials: int,
        on_block: Callable[[FrozenTrial, TrialAnswers], None] | None = None,
        on_start: Callable[[optuna.Trial], None] | None = None,
    ) -> None:
        """Run trials until the study has that many complete, pruned or running ones.

        The requests of a trial depend on the seed and on the trials before it, not on the worker or the time. A killed
        study therefore resumes as if it had never stopped.

        Args:
            study: A study with the directions of `directions`.
            schedule: The search set.
            evaluator: Answers the questions.
            trials: Number of trials in all, those of earlier runs and other workers included.
            on_block: Called after each block with the trial and its answers so far.
            on_start: Called with each trial as it begins.

        Raises:
            BudgetExceeded: Raised by the evaluator. The running trial counts as failed and will be repeated.
        """
        prices = None if self.objective == "accuracy" else self.prices
        pruner = make_pruner(self.pruner, schedule.golds, schedule.block, self.alpha, prices)
        study.pruner = pruner

        def objective(trial: optuna.Trial) -> list[float]:
            if on_start is not None:
                on_start(trial)
            configuration = self.space.suggest(trial)
            write_trial_config(trial, configuration)
            sizes = [LOW_FIDELITY_VOTES] if self.pruner == "racing" and configuration.votes > LOW_FIDELITY_VOTES else []
            for stage, votes in enumerate((*sizes, configuration.votes)):
                answers = TrialAnswers((), "", votes)
                for number, block in enumerate(schedule.blocks()):
                    block_answers = evaluator.evaluate(configuration.with_size(votes), block)
                    answers = answers.extended(block_answers, "".join(question.answer for question in block))
                    write_block(trial, votes, number, block_answers)
                    self._report(trial, stage * len(schedule.questions), answers, len(block_answers))
                    frozen = study.get_trials(deepcopy=False)[trial.number]
                    if on_block is not None:
                        on_block(frozen, answers)
                    complete = votes == configuration.votes and len(answers) == len(schedule.questions)
                    if not complete and pruner.prune(study, frozen):
                        raise optuna.TrialPruned
            return self.values(answers)

        fixed = self._fixed_params()
        if self.sampler == "grid":
            trials = min(trials, len(fixed))
        while (index := len(_counted_trials(study))) < trials:
            study.sampler = make_sampler(self.sampler, self.seed, index)
            _enqueue_next(study, fixed)
            study.optimize(objective, n_trials=1)

    def _fixed_params(self) -> list[dict[str, Any]]:
        """Return the parameters of the trials that run before any is sampled; for a grid, those of all trials."""
        points = [self.space.fit(point) for point in self.enqueued]
        if self.sampler == "grid":
            ranks = {point: derive_seed(self.seed, "grid", *point.as_json().values()) for point in self.space.grid()}
            points += sorted(ranks, key=ranks.__getitem__)
        params = (self.space.to_params(point) for point in dict.fromkeys(points))
        return [each for each in params if each is not None]

    def _report(self, trial: optuna.Trial, before: int, answers: TrialAnswers, fresh: int) -> None:
        """Report the intermediate value to Optuna, for its pruners and for TPE's use of pruned trials.

        With two objectives Optuna takes no reports.
        """
        if self.objective == "both":
            return
        if self.pruner == "wilcoxon":  # it pairs steps, so each question is one
            for step, right in list(enumerate(answers.correct()))[-fresh:]:
                trial.report(float(right) if self.objective == "accuracy" else 1.0 - right, step)
        else:
            trial.report(self.values(answers)[0], before + len(answers))


def _counted_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that count: all but the failed ones."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING))


def _enqueue_next(study: optuna.Study, fixed: Sequence[dict[str, Any]]) -> None:
    """Enqueue the first of these parameters that no trial has yet, unless one is waiting."""
    waiting = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
    begun = {trial.user_attrs.get(_FIRST) for trial in (*waiting, *_counted_trials(study))}
    for index, params in enumerate(fixed):
        if index not in begun:
            if not waiting:
                study.enqueue_trial(params, user_attrs={_FIRST: index})
            return
