from collections.abc import Sequence
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from openmedlm.data import Question
from openmedlm.optimizers.search.eval_schedule import EvalSchedule
from openmedlm.optimizers.search.space import Space, Span
from openmedlm.optimizers.search.study import Search
from openmedlm.optimizers.search.trial_answers import QuestionVotes
from openmedlm.optimizers.search.trial_attrs import read_trial_answers, read_trial_config
from openmedlm.optimizers.search.trial_config import TrialConfig

SPACE = Space(votes=Span(low=1, high=7), instructions=("default",))
FIRST = (TrialConfig("zero-shot"), TrialConfig("few-shot", k=5), TrialConfig("knn-few-shot", k=5))


def run_search(schedule: EvalSchedule, evaluator: Any, trials: int, **settings: Any) -> optuna.Study:
    search = Search(SPACE, enqueued=FIRST, **settings)
    study = optuna.create_study(directions=search.directions())
    search.run(study, schedule, evaluator, trials)
    return study


def record(study: optuna.Study) -> list[tuple[Any, ...]]:
    counted = [trial for trial in study.trials if trial.state is not TrialState.FAIL]
    return [(trial.params, trial.state, trial.values) for trial in counted]


class Stops:
    """Interrupt the search once, after that many blocks."""

    def __init__(self, numbers: Any, after: int) -> None:
        self.numbers, self.left = numbers, after

    def evaluate(self, configuration: TrialConfig, questions: Sequence[Question]) -> list[QuestionVotes]:
        if not self.left:
            self.left = -1
            raise KeyboardInterrupt
        self.left -= 1
        return self.numbers.evaluate(configuration, questions)  # type: ignore[no-any-return]


def test_fixed_trials_run_before_sampled_ones(schedule: EvalSchedule, numbers: Any) -> None:
    study = run_search(schedule, numbers, 5)
    assert [read_trial_config(trial) for trial in study.trials[:3]] == list(FIRST)
    assert len(study.trials) == 5


def test_complete_and_pruned_trial_answers(schedule: EvalSchedule, numbers: Any) -> None:
    study = run_search(schedule, numbers, 25)
    states = {trial.state for trial in study.trials}
    assert states == {TrialState.COMPLETE, TrialState.PRUNED}
    for trial in study.trials:
        trial_answers = read_trial_answers(trial, schedule.golds)
        if trial.state is TrialState.COMPLETE:
            assert len(trial_answers) == len(schedule.questions)
            assert trial.value == trial_answers.accuracy()
        else:
            assert len(trial_answers) < len(schedule.questions) or trial_answers.votes < read_trial_config(trial).votes


def test_search_finds_a_better_configuration(schedule: EvalSchedule, numbers: Any) -> None:
    best = read_trial_config(run_search(schedule, numbers, 40).best_trial)
    assert numbers.right(best) > numbers.right(TrialConfig("zero-shot")) + 0.2


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_search_with_the_same_seed_repeats_the_study(sampler: Any, schedule: EvalSchedule, numbers: Any) -> None:
    one, other = (run_search(schedule, numbers, 20, sampler=sampler, seed=3) for _ in range(2))
    assert record(one) == record(other)
    assert record(one) != record(run_search(schedule, numbers, 20, sampler=sampler, seed=4))


@pytest.mark.parametrize("after", [0, 1, 4, 9, 20, 37])
def test_interrupted_search_resumes_identically(after: int, schedule: EvalSchedule, numbers: Any) -> None:
    whole = run_search(schedule, numbers, 20, seed=1)
    search = Search(SPACE, enqueued=FIRST, seed=1)
    study = optuna.create_study(direction="maximize")
    evaluator = Stops(numbers, after)
    with pytest.raises(KeyboardInterrupt):
        search.run(study, schedule, evaluator, 20)
    search.run(study, schedule, evaluator, 20)
    assert record(study) == record(whole)


def test_search_with_more_trials_extends_the_study(schedule: EvalSchedule, numbers: Any) -> None:
    search = Search(SPACE, enqueued=FIRST)
    study = optuna.create_study(direction="maximize")
    search.run(study, schedule, numbers, 8)
    search.run(study, schedule, numbers, 16)
    assert record(study) == record(run_search(schedule, numbers, 16))


def test_large_ensemble_starts_with_few_votes(schedule: EvalSchedule, numbers: Any) -> None:
    search = Search(Space(strategy=("zero-shot",), votes=(7,), temperature=(0.8,), instructions=("default",)))
    study = optuna.create_study(direction="maximize")
    search.run(study, schedule, numbers, 1)
    assert [configuration.votes for configuration, _ in numbers.calls] == [3, 3, 3, 7, 7, 7]


@pytest.mark.parametrize("pruner", ["wilcoxon", "hyperband", "median"])
def test_optuna_pruner_prunes_trials(pruner: Any, schedule: EvalSchedule, numbers: Any) -> None:
    study = run_search(schedule, numbers, 30, pruner=pruner, alpha=0.2)
    assert any(trial.state is TrialState.PRUNED for trial in study.trials)


def test_search_without_pruner_completes_all_trials(schedule: EvalSchedule, numbers: Any) -> None:
    study = run_search(schedule, numbers, 12, pruner="none")
    assert {trial.state for trial in study.trials} == {TrialState.COMPLETE}


GRID = Space(strategy=("zero-shot", "few-shot"), k=(2, 5), votes=(1,), temperature=(0.0,), instructions=("short",))


@pytest.mark.parametrize("trials", [3, 30])
def test_grid_search_tries_each_program_once(trials: int, schedule: EvalSchedule, numbers: Any) -> None:
    search = Search(GRID, sampler="grid")
    study = optuna.create_study(direction="maximize")
    search.run(study, schedule, numbers, trials)
    points = [(read_trial_config(trial).strategy, read_trial_config(trial).k) for trial in study.trials]
    assert sorted(points) == [("few-shot", 2), ("few-shot", 5), ("zero-shot", 0)]


def test_interrupted_grid_point_is_repeated(schedule: EvalSchedule, numbers: Any) -> None:
    search = Search(GRID, sampler="grid")
    study = optuna.create_study(direction="maximize")
    with pytest.raises(KeyboardInterrupt):
        search.run(study, schedule, Stops(numbers, 4), 30)
    search.run(study, schedule, numbers, 30)
    whole = optuna.create_study(direction="maximize")
    search.run(whole, schedule, numbers, 30)
    assert record(study) == record(whole)


def test_cost_objective_is_the_cost_per_correct_answer(schedule: EvalSchedule, numbers: Any) -> None:
    study = run_search(schedule, numbers, 12, objective="cost")
    trial = study.best_trial
    trial_answers = read_trial_answers(trial, schedule.golds)
    search = Search(SPACE)
    assert trial.value == pytest.approx(trial_answers.cost(search.prices) / trial_answers.accuracy())


def test_study_of_both_has_two_values_per_trial(schedule: EvalSchedule, numbers: Any) -> None:
    study = run_search(schedule, numbers, 20, objective="both")
    assert all(len(trial.values) == 2 for trial in study.trials if trial.state is TrialState.COMPLETE)
    assert len(study.best_trials) > 1
