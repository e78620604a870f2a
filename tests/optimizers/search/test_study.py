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


def run_search(schedule: EvalSchedule, evaluator: Any, trials: int, **how: Any) -> optuna.Study:
    search = Search(SPACE, first=FIRST, **how)
    study = optuna.create_study(directions=search.directions())
    search.run(study, schedule, evaluator, trials)
    return study


def record(study: optuna.Study) -> list[tuple[Any, ...]]:
    counted = [trial for trial in study.trials if trial.state is not TrialState.FAIL]
    return [(trial.params, trial.state, trial.values) for trial in counted]


class Stops:
    """Breaks off once, after so many blocks."""

    def __init__(self, numbers: Any, after: int) -> None:
        self.numbers, self.left = numbers, after

    def evaluate(self, configuration: TrialConfig, asked: Sequence[Question]) -> list[QuestionVotes]:
        if not self.left:
            self.left = -1
            raise KeyboardInterrupt
        self.left -= 1
        return self.numbers.evaluate(configuration, asked)  # type: ignore[no-any-return]


def test_the_first_configurations_are_tried_before_any_is_sampled(schedule: EvalSchedule, numbers: Any) -> None:
    study = run_search(schedule, numbers, 5)
    assert [read_trial_config(trial) for trial in study.trials[:3]] == list(FIRST)
    assert len(study.trials) == 5


def test_a_finished_trial_has_answered_everything_and_a_stopped_one_less(schedule: EvalSchedule, numbers: Any) -> None:
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


def test_it_finds_the_better_configurations(schedule: EvalSchedule, numbers: Any) -> None:
    best = read_trial_config(run_search(schedule, numbers, 40).best_trial)
    assert numbers.right(best) > numbers.right(TrialConfig("zero-shot")) + 0.2


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_same_seed_gives_the_same_study(sampler: Any, schedule: EvalSchedule, numbers: Any) -> None:
    one, other = (run_search(schedule, numbers, 20, sampler=sampler, seed=3) for _ in range(2))
    assert record(one) == record(other)
    assert record(one) != record(run_search(schedule, numbers, 20, sampler=sampler, seed=4))


@pytest.mark.parametrize("after", [0, 1, 4, 9, 20, 37])
def test_a_study_that_broke_off_goes_on_as_if_it_had_not(after: int, schedule: EvalSchedule, numbers: Any) -> None:
    whole = run_search(schedule, numbers, 20, seed=1)
    search = Search(SPACE, first=FIRST, seed=1)
    study = optuna.create_study(direction="maximize")
    evaluator = Stops(numbers, after)
    with pytest.raises(KeyboardInterrupt):
        search.run(study, schedule, evaluator, 20)
    search.run(study, schedule, evaluator, 20)
    assert record(study) == record(whole)


def test_more_trials_go_on_where_fewer_ended(schedule: EvalSchedule, numbers: Any) -> None:
    search = Search(SPACE, first=FIRST)
    study = optuna.create_study(direction="maximize")
    search.run(study, schedule, numbers, 8)
    search.run(study, schedule, numbers, 16)
    assert record(study) == record(run_search(schedule, numbers, 16))


def test_a_large_ensemble_is_first_tried_with_few_votes(schedule: EvalSchedule, numbers: Any) -> None:
    search = Search(Space(strategy=("zero-shot",), votes=(7,), temperature=(0.8,), instructions=("default",)))
    study = optuna.create_study(direction="maximize")
    search.run(study, schedule, numbers, 1)
    assert [configuration.votes for configuration, _ in numbers.asked] == [3, 3, 3, 7, 7, 7]


@pytest.mark.parametrize("pruner", ["wilcoxon", "hyperband", "median"])
def test_optunas_own_pruners_stop_trials_too(pruner: Any, schedule: EvalSchedule, numbers: Any) -> None:
    study = run_search(schedule, numbers, 30, pruner=pruner, alpha=0.2)
    assert any(trial.state is TrialState.PRUNED for trial in study.trials)


def test_without_a_pruner_every_trial_is_finished(schedule: EvalSchedule, numbers: Any) -> None:
    study = run_search(schedule, numbers, 12, pruner="none")
    assert {trial.state for trial in study.trials} == {TrialState.COMPLETE}


GRID = Space(strategy=("zero-shot", "few-shot"), k=(2, 5), votes=(1,), temperature=(0.0,), instructions=("short",))


@pytest.mark.parametrize("trials", [3, 30])
def test_a_grid_is_searched_program_by_program_and_ends(trials: int, schedule: EvalSchedule, numbers: Any) -> None:
    search = Search(GRID, sampler="grid")
    study = optuna.create_study(direction="maximize")
    search.run(study, schedule, numbers, trials)
    found = [(read_trial_config(trial).strategy, read_trial_config(trial).k) for trial in study.trials]
    assert sorted(found) == [("few-shot", 2), ("few-shot", 5), ("zero-shot", 0)]


def test_a_point_of_a_grid_that_broke_off_is_repeated(schedule: EvalSchedule, numbers: Any) -> None:
    search = Search(GRID, sampler="grid")
    study = optuna.create_study(direction="maximize")
    with pytest.raises(KeyboardInterrupt):
        search.run(study, schedule, Stops(numbers, 4), 30)
    search.run(study, schedule, numbers, 30)
    whole = optuna.create_study(direction="maximize")
    search.run(whole, schedule, numbers, 30)
    assert record(study) == record(whole)


def test_cost_is_that_of_a_right_answer(schedule: EvalSchedule, numbers: Any) -> None:
    study = run_search(schedule, numbers, 12, objective="cost")
    trial = study.best_trial
    trial_answers = read_trial_answers(trial, schedule.golds)
    search = Search(SPACE)
    assert trial.value == pytest.approx(trial_answers.cost(search.prices) / trial_answers.accuracy())


def test_both_keeps_accuracy_and_cost_apart(schedule: EvalSchedule, numbers: Any) -> None:
    study = run_search(schedule, numbers, 20, objective="both")
    assert all(len(trial.values) == 2 for trial in study.trials if trial.state is TrialState.COMPLETE)
    assert len(study.best_trials) > 1
