"""Tests of runs against a faulty endpoint: faults change no outcome if a retry succeeds."""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from faulty_server import HARMLESS, TRANSIENT, Call, FaultyServer

from openmedlm.data import Question
from openmedlm.inference import CompletionCache, Engine, Policy, find_endpoint, open_client
from openmedlm.metrics import Outcome
from openmedlm.programs import CHAT, PromptProgram, SamplingParams


def make_program(votes: int) -> PromptProgram:
    decode = SamplingParams(max_tokens=8, temperature=0.8)
    return PromptProgram("ensemble", "Answer.", CHAT, False, decode, votes=votes, shuffle=True, member="zero-shot")


PROGRAM = make_program(5)


def make_questions(count: int, about: str = "") -> list[Question]:
    options = {"A": "liver", "B": "heart", "C": "spleen"}
    return [Question(str(n), "mine", "dev", f"Question {n}: which organ? {about}", options, "B") for n in range(count)]


def run(
    server: FaultyServer, path: Path, questions: Sequence[Question], program: PromptProgram = PROGRAM, **policy: Any
) -> Sequence[Outcome]:
    async def go() -> Sequence[Outcome]:
        endpoint = find_endpoint("hosted_vllm/m", server.base_url)
        with CompletionCache(path) as cache:
            async with open_client(endpoint, 64, timeout=1.5) as client:
                engine = Engine(client, endpoint, cache, Policy(concurrency=64, all_votes=True, **policy))
                return await engine.run(program, questions)

    return asyncio.run(go())


def random_faults(share: float) -> Any:
    """Return a fault function for that share of the calls; each attempt draws one kind uniformly."""
    names = [*TRANSIENT, *HARMLESS]
    names.remove("half a character")  # changes the text, not the letter

    def fault(call: Call) -> str | None:
        drawn = hashlib.sha256(orjson.dumps([call.body, call.attempt])).digest()
        return names[drawn[4] % len(names)] if int.from_bytes(drawn[:4]) < share * 2**32 else None

    return fault


@pytest.mark.parametrize("name", [*TRANSIENT, *HARMLESS])
def test_single_fault_changes_no_outcome(
    name: str, faulty: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openmedlm.inference.retry.BACKOFF_SECONDS", 0.01)
    questions = make_questions(2)
    expected = run(faulty, tmp_path / "whole.sqlite", questions)
    faulty.attempts.clear()
    faulty.fault = lambda call: None if call.attempt else name
    outcomes = run(faulty, tmp_path / "faulty.sqlite", questions)
    assert [[vote.letter for vote in one.votes] for one in outcomes] == [
        [v.letter for v in one.votes] for one in expected
    ]
    assert outcomes == expected or name == "half a character"
    assert faulty.faults[name] == 10


def test_many_faults_change_no_outcome(faulty: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openmedlm.inference.retry.MAX_WAIT_SECONDS", 1.0)
    questions = make_questions(300)
    expected = run(faulty, tmp_path / "whole.sqlite", questions)
    faulty.attempts.clear()
    faulty.answered.clear()
    faulty.fault = random_faults(0.3)
    outcomes = run(faulty, tmp_path / "faulty.sqlite", questions, max_retries=11)
    assert outcomes == expected
    assert set(faulty.answered.values()) == {1}
    assert sum(faulty.attempts.values()) <= 2 * len(faulty.attempts)
    assert len(faulty.faults) == len(TRANSIENT) + len(HARMLESS) - 1


def test_failing_question_does_not_affect_the_others(faulty: FaultyServer, tmp_path: Path) -> None:
    questions = make_questions(20)
    expected = run(faulty, tmp_path / "whole.sqlite", questions)
    faulty.fault = lambda call: "HTTP 500" if "Question 7:" in str(call.body) else None
    outcomes = run(faulty, tmp_path / "faulty.sqlite", questions, max_retries=1)
    assert outcomes[7].error == "HTTP 500: not now"
    assert [one for one in outcomes if one.question_id != "7"] == [one for one in expected if one.question_id != "7"]
