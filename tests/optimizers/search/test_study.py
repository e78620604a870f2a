from collections.abc import Sequence
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from openmedlm.data import Question
from openmedlm.optimizers.search.eval_schedule import Course
from openmedlm.optimizers.search.space import Space, Span
from openmedlm.optimizers.search.study import Search
from openmedlm.optimizers.search.trial_answers import Answered
from openmedlm.optimizers.search.trial_attrs import configuration_of, sheet_of
from openmedlm.optimizers.search.trial_config import Configuration

SPACE = Space(votes=Span(low=1, high=7), instructions=("default",))
FIRST = (Configuration("zero-shot"), Configuration("few-shot", k=5), Configuration("knn-few-shot", k=5))


def searched(course: Course, examiner: Any, trials: int, **how: Any) -> optuna.Study:
    search = Search(SPACE, first=FIRST, **how)
    study = optuna.create_study(directions=search.directions())
    search.run(study, course, examiner, trials)
    return study


def record(study: optuna.Study) -> list[tuple[Any, ...]]:
    counted = [trial for trial in study.trials if trial.state is not TrialState.FAIL]
    return [(trial.params, trial.state, trial.values) for trial in counted]


class Stops:
    """Breaks off once, after so many blocks."""

    def __init__(self, numbers: Any, after: int) -> None:
        self.numbers, self.left = numbers, after

    def examine(self, configuration: Configuration, asked: Sequence[Question]) -> list[Answered]:
        if not self.left:
            self.left = -1
            raise KeyboardInterrupt
        self.left -= 1
        return self.numbers.examine(configuration, asked)  # type: ignore[no-any-return]


def test_the_first_configurations_are_tried_before_any_is_sampled(course: Course, numbers: Any) -> None:
    study = searched(course, numbers, 5)
    assert [configuration_of(trial) for trial in study.trials[:3]] == list(FIRST)
    assert len(study.trials) == 5


def test_a_finished_trial_has_answered_everything_and_a_stopped_one_less(course: Course, numbers: Any) -> None:
    study = searched(course, numbers, 25)
    states = {trial.state for trial in study.trials}
    assert states == {TrialState.COMPLETE, TrialState.PRUNED}
    for trial in study.trials:
        sheet = sheet_of(trial, course.golds)
        if trial.state is TrialState.COMPLETE:
            assert len(sheet) == len(course.questions)
            assert trial.value == sheet.accuracy()
        else:
            assert len(sheet) < len(course.questions) or sheet.votes < configuration_of(trial).votes


def test_it_finds_the_better_configurations(course: Course, numbers: Any) -> None:
    best = configuration_of(searched(course, numbers, 40).best_trial)
    assert numbers.right(best) > numbers.right(Configuration("zero-shot")) + 0.2


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_same_seed_gives_the_same_study(sampler: Any, course: Course, numbers: Any) -> None:
    one, other = (searched(course, numbers, 20, sampler=sampler, seed=3) for _ in range(2))
    assert record(one) == record(other)
    assert record(one) != record(searched(course, numbers, 20, sampler=sampler, seed=4))


@pytest.mark.parametrize("after", [0, 1, 4, 9, 20, 37])
def test_a_study_that_broke_off_goes_on_as_if_it_had_not(after: int, course: Course, numbers: Any) -> None:
    whole = searched(course, numbers, 20, seed=1)
    search = Search(SPACE, first=FIRST, seed=1)
    study = optuna.create_study(direction="maximize")
    examiner = Stops(numbers, after)
    with pytest.raises(KeyboardInterrupt):
        search.run(study, course, examiner, 20)
    search.run(study, course, examiner, 20)
    assert record(study) == record(whole)


def test_more_trials_go_on_where_fewer_ended(course: Course, numbers: Any) -> None:
    search = Search(SPACE, first=FIRST)
    study = optuna.create_study(direction="maximize")
    search.run(study, course, numbers, 8)
    search.run(study, course, numbers, 16)
    assert record(study) == record(searched(course, numbers, 16))


def test_a_large_ensemble_is_first_tried_with_few_votes(course: Course, numbers: Any) -> None:
    search = Search(Space(strategy=("zero-shot",), votes=(7,), temperature=(0.8,), instructions=("default",)))
    study = optuna.create_study(direction="maximize")
    search.run(study, course, numbers, 1)
    assert [configuration.votes for configuration, _ in numbers.asked] == [3, 3, 3, 7, 7, 7]


@pytest.mark.parametrize("pruner", ["wilcoxon", "hyperband", "median"])
def test_optunas_own_pruners_stop_trials_too(pruner: Any, course: Course, numbers: Any) -> None:
    study = searched(course, numbers, 30, pruner=pruner, alpha=0.2)
    assert any(trial.state is TrialState.PRUNED for trial in study.trials)


def test_without_a_pruner_every_trial_is_finished(course: Course, numbers: Any) -> None:
    study = searched(course, numbers, 12, pruner="none")
    assert {trial.state for trial in study.trials} == {TrialState.COMPLETE}


GRID = Space(strategy=("zero-shot", "few-shot"), k=(2, 5), votes=(1,), temperature=(0.0,), instructions=("short",))


@pytest.mark.parametrize("trials", [3, 30])
def test_a_grid_is_searched_program_by_program_and_ends(trials: int, course: Course, numbers: Any) -> None:
    search = Search(GRID, sampler="grid")
    study = optuna.create_study(direction="maximize")
    search.run(study, course, numbers, trials)
    found = [(configuration_of(trial).strategy, configuration_of(trial).k) for trial in study.trials]
    assert sorted(found) == [("few-shot", 2), ("few-shot", 5), ("zero-shot", 0)]


def test_a_point_of_a_grid_that_broke_off_is_repeated(course: Course, numbers: Any) -> None:
    search = Search(GRID, sampler="grid")
    study = optuna.create_study(direction="maximize")
    with pytest.raises(KeyboardInterrupt):
        search.run(study, course, Stops(numbers, 4), 30)
    search.run(study, course, numbers, 30)
    whole = optuna.create_study(direction="maximize")
    search.run(whole, course, numbers, 30)
    assert record(study) == record(whole)


def test_cost_is_that_of_a_right_answer(course: Course, numbers: Any) -> None:
    study = searched(course, numbers, 12, objective="cost")
    trial = study.best_trial
    sheet = sheet_of(trial, course.golds)
    search = Search(SPACE)
    assert trial.value == pytest.approx(sheet.cost(search.rates) / sheet.accuracy())


def test_both_keeps_accuracy_and_cost_apart(course: Course, numbers: Any) -> None:
    study = searched(course, numbers, 20, objective="both")
    assert all(len(trial.values) == 2 for trial in study.trials if trial.state is TrialState.COMPLETE)
    assert len(study.best_trials) > 1
