"""Counts of a pool, computed by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from openmedlm.data import Question
from openmedlm.optimizers.rationales import PoolReport, RationalePool, RationaleRecord, Round, report
from openmedlm.optimizers.rationales.pool import question_sha256

Ask = Callable[..., Question]


def record(question: Question, *letters: str | None, **fields: Any) -> RationaleRecord:
    rationale = "Why." if letters[-1] == question.answer else None
    values: dict[str, Any] = {"rationale": rationale, "prompt_tokens": 100, "completion_tokens": 10, "cost_usd": 0.5}
    return RationaleRecord(question.id, question_sha256(question), "wise", letters, **{**values, **fields})


@pytest.fixture
def questions(make_question: Ask) -> list[Question]:
    """Four of four options, gold A to D, and two of two options, gold A."""
    few = [make_question(n, options={"A": "gold", "B": "wrong"}, answer="A") for n in (4, 5)]
    return [*(make_question(n) for n in range(4)), *few]


def test_report_counts_each_round(questions: list[Question]) -> None:
    pool = RationalePool(
        (
            record(questions[0], "A"),
            record(questions[1], "A", None, "B"),
            record(questions[2], None, "B", "D"),
            record(questions[4], "B", "A"),
            record(questions[5], "A"),
        )
    )
    result = report(pool, questions)
    assert result == PoolReport(
        questions=6,
        kept=4,
        rounds=[
            Round(number=1, asked=5, kept=2, expected_by_guessing=3 / 4 + 2 / 2, unparsed=1),
            Round(number=2, asked=3, kept=1, expected_by_guessing=2 / 4 + 1 / 2, unparsed=1),
            Round(number=3, asked=2, kept=1, expected_by_guessing=2 / 4, unparsed=0),
        ],
        never_right=["q002"],
        unfinished=0,
        not_asked=1,
        calls=10,
        prompt_tokens=500,
        completion_tokens=50,
        cost_usd=2.5,
        rejected={"wrong letter": 1},
    )


def test_report_with_unknown_cost_has_no_sum(questions: list[Question]) -> None:
    pool = RationalePool((record(questions[0], "A"), record(questions[1], "B", cost_usd=None)))
    assert report(pool, questions).cost_usd is None


def test_report_counts_only_its_questions(questions: list[Question]) -> None:
    pool = RationalePool(tuple(record(question, "A") for question in questions))
    result = report(pool, questions[:2])
    assert (result.questions, result.kept, result.calls, result.never_right) == (2, 1, 2, ["q001"])


def test_report_of_an_empty_pool_has_no_rounds(questions: list[Question]) -> None:
    assert report(RationalePool(), questions) == PoolReport(6, 0, [], [], 0, 6, 0, 0, 0, 0.0)
    assert report(RationalePool(), []) == PoolReport(0, 0, [], [], 0, 0, 0, 0, 0, 0.0)


def test_report_counts_a_changed_question_as_not_asked(questions: list[Question], make_question: Ask) -> None:
    pool = RationalePool((record(make_question(0, question="Which bone?"), "A"),))
    assert report(pool, questions).not_asked == 6


def test_report_counts_failed_rounds_as_unfinished(questions: list[Question]) -> None:
    pool = RationalePool(
        (record(questions[0], "B"), record(questions[1], "B", "C", "D"), record(questions[2], "B", "A"))
    )
    result = report(pool, questions[:3], max_rounds=3)
    assert "q000" not in result.never_right
    assert (result.unfinished, result.never_right) == (2, ["q001"])


def test_report_counts_sources_and_rejections(questions: list[Question]) -> None:
    pool = RationalePool(
        (
            record(questions[0], "A", source="thoughts"),
            record(questions[1], None, None, rejections=("no letter", "cut off")),
            record(questions[2], None, rejections=("cut off",)),
            record(questions[3], "A"),
            record(questions[4], None),
        )
    )
    result = report(pool, questions)
    assert result.from_thoughts == 1
    assert list(result.rejected.items()) == [("cut off", 2), ("wrong letter", 1), ("no letter", 1)]
