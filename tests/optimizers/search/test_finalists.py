from collections.abc import Callable, Sequence
from typing import Any

import optuna
import pytest

from openmedlm.data import Question
from openmedlm.optimizers.search.eval_schedule import EvalSchedule
from openmedlm.optimizers.search.finalists import (
    Candidate,
    candidates,
    correct_on_holdout,
    correct_on_search_set,
    evaluate,
    finalists,
    pareto_front,
    tied,
    winner,
)
from openmedlm.optimizers.search.space import Space, Span
from openmedlm.optimizers.search.study import Search
from openmedlm.optimizers.search.trial_answers import UNPRICED, QuestionVotes, TrialAnswers
from openmedlm.optimizers.search.trial_config import TrialConfig

GOLDS = "A" * 40


def trial_answers(rows: Sequence[str], tokens: int, votes: int) -> TrialAnswers:
    return TrialAnswers(tuple(QuestionVotes(row, prompt_tokens=tokens * len(row)) for row in rows), GOLDS, votes)


def candidate(name: str, right: int, tokens: int, holdout: int | None = None) -> Candidate:
    """Make one that answers the first questions right: `right` of the search set, `holdout` of the holdout set."""
    point = TrialConfig("zero-shot", instructions=name)
    rows = ["A"] * right + ["B"] * (40 - right)
    rest = None if holdout is None else trial_answers(["A"] * holdout + ["B"] * (40 - holdout), tokens, 1)
    return Candidate(point, point, trial_answers(rows, tokens, 1), rest)


def names(programs: Sequence[Candidate]) -> list[str]:
    return [each.configuration.instructions for each in programs]


def test_candidates_are_all_sizes_that_cost_more(schedule: EvalSchedule, numbers: Any) -> None:
    space = Space(strategy=("zero-shot",), votes=(7,), temperature=(0.8,), top_p=(0.8,), shuffle=(True,))
    study = optuna.create_study(direction="maximize")
    Search(space.model_copy(update={"instructions": ("default",)})).run(study, schedule, numbers, 1)
    programs = candidates(study, schedule.golds)
    assert sorted(each.size for each in programs) == [1, 3, 4, 5, 6, 7]  # two votes are one
    assert {each.source.votes for each in programs} == {7}
    for each in programs:
        alone = numbers.evaluate(each.configuration, schedule.questions)
        assert correct_on_search_set(each) == TrialAnswers(tuple(alone), schedule.golds, each.size).correct()


def test_tied_are_not_worse_than_the_best() -> None:
    programs = [candidate("best", 30, 1), candidate("near", 29, 1), candidate("far", 15, 1)]
    assert names(tied(programs, correct_on_search_set, 0.2)) == ["best", "near"]
    assert names(tied(programs, correct_on_search_set, 0.6)) == ["best"]


def test_front_excludes_dominated_candidates() -> None:
    programs = [
        candidate("cheap", 10, 1),
        candidate("worse and dearer", 9, 2),
        candidate("as good and dearer", 10, 3),
        candidate("better", 20, 4),
        candidate("best", 30, 9),
    ]
    assert names(pareto_front(programs, correct_on_search_set, UNPRICED)) == ["cheap", "better", "best"]


def test_finalists_for_accuracy_are_tied() -> None:
    programs = [candidate(f"n{i}", 30, 100 + i) for i in range(8)] + [candidate("cheap", 29, 1), candidate("bad", 5, 1)]
    chosen = names(finalists(programs, "accuracy", UNPRICED, 0.1, max_trials=3))
    assert chosen == ["n0", "n1", "cheap"]


def test_finalists_for_cost_are_the_cheapest_correct() -> None:
    programs = [candidate("good", 30, 60), candidate("cheap", 10, 10), candidate("dear", 30, 90)]
    assert names(finalists(programs, "cost", UNPRICED, 0.1, max_trials=2)) == ["cheap", "good"]


def test_finalists_for_both_are_the_pareto_front() -> None:
    programs = [candidate("good", 30, 60), candidate("cheap", 10, 10), candidate("dear", 30, 90)]
    assert names(finalists(programs, "both", UNPRICED, 0.1)) == ["good", "cheap"]


def test_finalists_start_with_the_baseline() -> None:
    baseline = candidate("baseline", 5, 50)
    programs = [candidate("good", 30, 60), baseline, candidate("cheap", 29, 10)]
    for objective in ("accuracy", "cost", "both"):
        chosen = names(finalists(programs, objective, UNPRICED, 0.1, baseline.configuration))  # type: ignore[arg-type]
        assert chosen[0] == "baseline"
        assert sorted(set(chosen)) == sorted(chosen)
        assert {"good", "cheap"} & set(chosen)


@pytest.mark.parametrize(
    ("objective", "expected"),
    [("accuracy", "cheap"), ("cost", "poor")],
)
def test_winner_by_objective_is_the_expected_program(objective: Any, expected: str) -> None:
    programs = [candidate("best", 0, 9, 30), candidate("cheap", 0, 3, 29), candidate("poor", 0, 1, 20)]
    assert winner(programs, objective, UNPRICED).configuration.instructions == expected


def test_winner_counts_the_search_set_too() -> None:
    """On the holdout set alone, the cheap one would tie."""
    programs = [candidate("best", 40, 9, 30), candidate("cheap", 20, 3, 30)]
    assert winner(programs, "accuracy", UNPRICED).configuration.instructions == "best"


class Fixed:
    """Answer as many of ten questions right as the instructions say."""

    def __init__(self) -> None:
        self.calls: dict[str, int] = {}

    def evaluate(self, configuration: TrialConfig, questions: Sequence[Question]) -> list[QuestionVotes]:
        name = configuration.instructions
        self.calls[name] = self.calls.get(name, 0) + len(questions)
        share = int(name)
        return [QuestionVotes(q.answer if int(q.id[1:]) % 10 < share else "Z", prompt_tokens=1) for q in questions]


def named(share: int) -> Candidate:
    point = TrialConfig("zero-shot", instructions=str(share))
    return Candidate(point, point, trial_answers(["A"] * 40, 1, 1))


def test_evaluate_drops_a_worse_finalist_early(made: Callable[[int], list[Question]]) -> None:
    schedule = EvalSchedule(tuple(made(100)), 20)
    evaluator = Fixed()
    programs = list(evaluate([named(8), named(1), named(9)], schedule, evaluator, alpha=0.1))
    assert [sum(correct_on_holdout(each)) for each in programs] == [80, 90]
    assert evaluator.calls == {"8": 100, "1": 20, "9": 100}


def test_evaluate_without_alpha_drops_none(made: Callable[[int], list[Question]]) -> None:
    schedule = EvalSchedule(tuple(made(100)), 20)
    assert [sum(correct_on_holdout(each)) for each in evaluate([named(8), named(1)], schedule, Fixed())] == [80, 10]


def test_candidates_of_one_trial_share_its_votes(schedule: EvalSchedule, numbers: Any) -> None:
    source = TrialConfig("zero-shot", votes=7, temperature=0.8, top_p=0.8)
    search_answers = TrialAnswers((), "", 7)
    chosen = [Candidate(source.with_size(votes), source, search_answers) for votes in (1, 3, 5)]
    programs = list(evaluate(chosen, schedule, numbers))
    assert {configuration.votes for configuration, _ in numbers.calls} == {5}
    for each in programs:
        alone = TrialAnswers(tuple(numbers.evaluate(each.configuration, schedule.questions)), schedule.golds, each.size)
        assert correct_on_holdout(each) == alone.correct()


def test_space_without_drops_only_the_strategy() -> None:
    space = Space(k=Span(low=0, high=3)).without(["cot"])
    assert "cot" not in space.strategy
    assert space.max_exemplars == 3
