"""The questions of several runs on one page."""

from dataclasses import replace
from pathlib import Path

import pytest

from openmedlm.data import Question, UserError
from openmedlm.metrics import Outcome
from openmedlm.report.questions import columns_of, index, questions_of
from openmedlm.runs import Prompts, Run, Sent

ASKED = Question("1", "mine", "dev", "Which?", {"A": "this", "B": "that"}, "A")


def _run(place: str, *questions: Question, answer: str = "A") -> tuple[Run, Sent]:
    outcomes = {"cot": [Outcome(one.id, one.benchmark, None, one.answer, answer) for one in questions]}
    return Run(Path(place), {}, {}, outcomes, {}), Sent(questions, Prompts([], {}))


def test_a_question_that_two_runs_asked_stands_once() -> None:
    runs = [_run("a", ASKED), _run("b", ASKED, answer="B")]
    assert questions_of(runs) == [ASKED]
    assert [next(iter(column.outcomes.values())).correct for column in columns_of(runs)] == [True, False]
    assert index(questions_of(runs), columns_of(runs))


def test_versions_of_a_question_whose_letters_mean_something_else_stand_apart() -> None:
    turned = replace(ASKED, options={"A": "that", "B": "this"}, answer="B")
    runs = [_run("a", ASKED), _run("b", turned, answer="B")]
    assert questions_of(runs) == [ASKED, turned]
    first, second = columns_of(runs)
    assert not set(first.outcomes) & set(second.outcomes)


def test_runs_of_one_name_are_told_apart_by_their_places() -> None:
    assert [column.name for column in columns_of([_run("x/run", ASKED), _run("y/run", ASKED)])] == [
        "x/run: cot",
        "y/run: cot",
    ]
    assert [column.name for column in columns_of([_run("x/one", ASKED), _run("y/two", ASKED)])] == [
        "one: cot",
        "two: cot",
    ]


def test_a_run_that_lacks_a_question_is_named() -> None:
    run, sent = _run("a", ASKED)
    with pytest.raises(UserError, match="a: its questions lack"):
        columns_of([(run, replace(sent, questions=[]))])
