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
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OUTCOMES_IN_MEMORY", 2)


def test_outcomes_are_equal_on_disk_and_in_memory(tmp_path: Path) -> None:
    outcomes = [replace(ONE, question_id=str(n)) for n in range(7)]
    buffer = OutcomeBuffer(len(outcomes), tmp_path)
    for position in (3, 0, 6, 1, 5, 2, 4):
        buffer.put(position, outcomes[position])
    assert buffer == outcomes
    assert buffer[-1] == outcomes[-1]
    assert buffer[2:5] == outcomes[2:5]
    assert [vote.seconds for vote in buffer[6].votes] == [0.3, 0.0]
    assert len(buffer) == 7
    assert buffer != outcomes[:-1]


def test_outcome_file_has_no_name(tmp_path: Path) -> None:
    buffer = OutcomeBuffer(5, tmp_path)
    for position in range(5):
        buffer.put(position, ONE)
    assert list(tmp_path.iterdir()) == []


def test_missing_position_raises(tmp_path: Path) -> None:
    buffer = OutcomeBuffer(5, tmp_path)
    buffer.put(1, ONE)
    with pytest.raises(LookupError, match="position 3 has no outcome"):
        buffer[3]
    with pytest.raises(IndexError):
        buffer[5]


def test_full_disk_is_a_user_error() -> None:
    buffer = OutcomeBuffer(3, Path("/dev/shm"))
    buffer._file = Path("/dev/full").open("r+b", buffering=0)  # noqa: SIM115
    for position in range(2):
        buffer.put(position, ONE)
    with pytest.raises(UserError, match="No space left on device"):
        buffer.put(2, ONE)


def test_run_is_the_same_beyond_the_memory_limit(
    run: Any, make_program: Make, make_question: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = [make_question(number) for number in range(9)]
    on_disk = run(make_program(votes=3), questions).outcomes
    monkeypatch.setattr(module, "MAX_OUTCOMES_IN_MEMORY", 100)
    assert run(make_program(votes=3), questions).outcomes == on_disk
