"""What a faulty endpoint does to a run: nothing, as long as it answers in the end."""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from faulty_server import HARMLESS, PASSING, Call, FaultyServer

from openmedlm.data import Question
from openmedlm.inference import CompletionCache, Engine, Policy, find_endpoint, open_client
from openmedlm.metrics import Outcome
from openmedlm.programs import CHAT, PromptProgram, SamplingParams


def program(votes: int) -> PromptProgram:
    decode = SamplingParams(max_tokens=8, temperature=0.8)
    return PromptProgram("ensemble", "Answer.", CHAT, False, decode, votes=votes, shuffle=True, member="zero-shot")


PROGRAM = program(5)


def questions(count: int, about: str = "") -> list[Question]:
    options = {"A": "liver", "B": "heart", "C": "spleen"}
    return [Question(str(n), "mine", "dev", f"Question {n}: which organ? {about}", options, "B") for n in range(count)]


def run(
    server: FaultyServer, store: Path, asked: Sequence[Question], asking: PromptProgram = PROGRAM, **policy: Any
) -> Sequence[Outcome]:
    async def go() -> Sequence[Outcome]:
        endpoint = find_endpoint("hosted_vllm/m", server.base_url)
        with CompletionCache(store) as votes:
            async with open_client(endpoint, 64, timeout=1.5) as client:
                engine = Engine(client, endpoint, votes, Policy(concurrency=64, all_votes=True, **policy))
                return await engine.run(asking, asked)

    return asyncio.run(go())


def some(share: float) -> Any:
    """A fault in that share of the calls, each attempt drawn anew, all kinds alike."""
    names = [*PASSING, *HARMLESS]
    names.remove("half a character")  # the same letter in another text

    def fault(call: Call) -> str | None:
        drawn = hashlib.sha256(orjson.dumps([call.body, call.attempt])).digest()
        return names[drawn[4] % len(names)] if int.from_bytes(drawn[:4]) < share * 2**32 else None

    return fault


@pytest.mark.parametrize("name", [*PASSING, *HARMLESS])
def test_one_fault_of_any_kind_leaves_no_trace(name: str, faulty: FaultyServer, tmp_path: Path) -> None:
    asked = questions(2)
    whole = run(faulty, tmp_path / "whole.sqlite", asked)
    faulty.attempts.clear()
    faulty.fault = lambda call: None if call.attempt else name
    outcomes = run(faulty, tmp_path / "faulty.sqlite", asked)
    assert [[vote.letter for vote in one.votes] for one in outcomes] == [[v.letter for v in one.votes] for one in whole]
    assert outcomes == whole or name == "half a character"
    assert faulty.seen[name] == 10


def test_with_a_third_of_the_calls_faulty_all_questions_are_answered_as_without_faults(
    faulty: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openmedlm.inference.caching_client.LONGEST_WAIT", 1.0)
    asked = questions(300)
    whole = run(faulty, tmp_path / "whole.sqlite", asked)
    faulty.attempts.clear()
    faulty.answered.clear()
    faulty.fault = some(0.3)
    outcomes = run(faulty, tmp_path / "faulty.sqlite", asked, max_retries=11)
    assert outcomes == whole
    assert set(faulty.answered.values()) == {1}
    assert sum(faulty.attempts.values()) <= 2 * len(faulty.attempts)
    assert len(faulty.seen) == len(PASSING) + len(HARMLESS) - 1


def test_what_never_answers_is_named_and_the_rest_is_as_without_it(faulty: FaultyServer, tmp_path: Path) -> None:
    asked = questions(20)
    whole = run(faulty, tmp_path / "whole.sqlite", asked)
    faulty.fault = lambda call: "HTTP 500" if "Question 7:" in str(call.body) else None
    outcomes = run(faulty, tmp_path / "faulty.sqlite", asked, max_retries=1)
    assert outcomes[7].error == "HTTP 500: not now"
    assert [one for one in outcomes if one.question_id != "7"] == [one for one in whole if one.question_id != "7"]
