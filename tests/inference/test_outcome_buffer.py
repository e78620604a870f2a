from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from openmedlm.data import UserError
from openmedlm.inference import outcome_buffer as module
from openmedlm.inference.outcome_buffer import OutcomeBuffer
from openmedlm.metrics import Outcome, Vote

Make = Callable[..., Any]

ONE = Outcome(
    question_id="q",
    benchmark="made",
    subject=None,
    gold="A",
    answer="B",
    votes=(
        Vote(0, "B", "marked", "Därum \U0001f600:\nAnswer: B", "BA", cost_usd=0.1 + 0.2, seconds=0.3, key="k"),
        Vote(1, None, "unreadable", "", error="HTTP 500", failure="http"),
    ),
    error="HTTP 500",
    exemplars=("a", "b"),
    similarities=(1 / 3, 0.5),
    failure="http",
    cluster="q",
)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 2)


def test_outcomes_are_the_same_on_disk_and_in_memory_whenever_they_came(tmp_path: Path) -> None:
    some = [replace(ONE, question_id=str(n)) for n in range(7)]
    kept = OutcomeBuffer(len(some), tmp_path)
    for position in (3, 0, 6, 1, 5, 2, 4):
        kept.put(position, some[position])
    assert kept == some
    assert kept[-1] == some[-1]
    assert kept[2:5] == some[2:5]
    assert [vote.seconds for vote in kept[6].votes] == [0.3, 0.0]
    assert len(kept) == 7
    assert kept != some[:-1]


def test_the_file_has_no_name(tmp_path: Path) -> None:
    kept = OutcomeBuffer(5, tmp_path)
    for position in range(5):
        kept.put(position, ONE)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    kept = OutcomeBuffer(5, tmp_path)
    kept.put(1, ONE)
    with pytest.raises(LookupError, match="at 3 has no outcome"):
        kept[3]
    with pytest.raises(IndexError):
        kept[5]


def test_a_full_disk_is_one_clear_line() -> None:
    kept = OutcomeBuffer(3, Path("/dev/shm"))
    kept._file = Path("/dev/full").open("r+b", buffering=0)  # noqa: SIM115
    for position in range(2):
        kept.put(position, ONE)
    with pytest.raises(UserError, match="No space left on device; mend that"):
        kept.put(2, ONE)


def test_a_run_of_many_questions_is_the_same_as_of_few(
    run: Any, make_program: Make, make_question: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = [make_question(number) for number in range(9)]
    on_disk = run(make_program(votes=3), questions).outcomes
    monkeypatch.setattr(module, "IN_MEMORY", 100)
    assert run(make_program(votes=3), questions).outcomes == on_disk
