"""Question list of several runs."""

from dataclasses import replace
from pathlib import Path

import pytest

from openmedlm.data import Question, UserError
from openmedlm.metrics import Outcome
from openmedlm.report.questions import distinct_questions, program_columns, question_index
from openmedlm.runs import Prompts, Run, Sent

QUESTION = Question("1", "mine", "dev", "Which?", {"A": "this", "B": "that"}, "A")


def _run(directory: str, *questions: Question, answer: str = "A") -> tuple[Run, Sent]:
    outcomes = {"cot": [Outcome(each.id, each.benchmark, None, each.answer, answer) for each in questions]}
    return Run(Path(directory), {}, {}, outcomes, {}), Sent(questions, Prompts([], {}))


def test_question_of_two_runs_is_listed_once() -> None:
    runs = [_run("a", QUESTION), _run("b", QUESTION, answer="B")]
    assert distinct_questions(runs) == [QUESTION]
    assert [next(iter(column.outcomes.values())).correct for column in program_columns(runs)] == [True, False]
    assert question_index(distinct_questions(runs), program_columns(runs))


def test_question_with_other_option_order_is_listed_apart() -> None:
    reordered = replace(QUESTION, options={"A": "that", "B": "this"}, answer="B")
    runs = [_run("a", QUESTION), _run("b", reordered, answer="B")]
    assert distinct_questions(runs) == [QUESTION, reordered]
    first, second = program_columns(runs)
    assert not set(first.outcomes) & set(second.outcomes)


def test_headings_of_runs_with_equal_names_show_the_path() -> None:
    assert [column.name for column in program_columns([_run("x/run", QUESTION), _run("y/run", QUESTION)])] == [
        "x/run: cot",
        "y/run: cot",
    ]
    assert [column.name for column in program_columns([_run("x/one", QUESTION), _run("y/two", QUESTION)])] == [
        "one: cot",
        "two: cot",
    ]


def test_run_without_a_question_is_an_error_with_its_path() -> None:
    run, sent = _run("a", QUESTION)
    with pytest.raises(UserError, match=r"missing question in a"):
        program_columns([(run, replace(sent, questions=[]))])
