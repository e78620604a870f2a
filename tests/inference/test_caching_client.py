"""Tests of failures: retries, errors of one question, and outages that end the run."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openmedlm.data import Question
from openmedlm.inference import EndpointDownError
from openmedlm.metrics import summarise
from openmedlm.programs import PromptProgram, SamplingParams

Make = Callable[..., PromptProgram]
Ask = Callable[..., Question]

pytestmark = pytest.mark.usefixtures("fast_retries")


def failing(times: int, make_reply: Any, **failure: Any) -> Callable[[Any], Any]:
    """Return a server script that fails the first attempts of each request, then answers B."""
    attempts: Counter[bytes] = Counter()

    def reply(asked: Any) -> Any:
        attempts[asked.identity] += 1
        return make_reply("not now", **failure) if attempts[asked.identity] <= times else make_reply("B")

    return reply


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
def test_transient_failure_is_retried(
    status: int, run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = failing(1, make_reply, status=status)
    ran = run(make_program(), [make_question()])
    assert (ran.outcomes[0].answer, ran.outcomes[0].votes[0].calls) == ("B", 1)
    assert (len(server.requests), ran.api_calls) == (2, 1)


@pytest.mark.parametrize("header", ["Wed, 21 Oct 2035 07:28:00 GMT", "soon", "-5", "²", ""])
def test_unusable_retry_after_falls_back_to_backoff(
    header: str, run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = failing(1, make_reply, status=503, headers={"Retry-After": header})
    assert run(make_program(), [make_question()]).outcomes[0].answer == "B"
    assert len(server.requests) == 2


def test_failure_after_the_last_retry_is_an_error(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: make_reply("overloaded", status=503)
    ran = run(make_program(), [make_question()], max_retries=2)
    assert len(server.requests) == 3
    assert (ran.outcomes[0].status, ran.outcomes[0].error, ran.outcomes[0].answer) == (
        "error",
        "HTTP 503: overloaded",
        None,
    )


@pytest.mark.parametrize("status", [400, 413, 422])
def test_bad_request_is_an_error_of_its_question(
    status: int, run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    questions = [make_question(number) for number in range(5)]

    def reply(asked: Any) -> Any:
        return make_reply("too long", status=status) if "number 2" in asked.question else make_reply("B")

    server.reply = reply
    outcomes = run(make_program(), questions).outcomes
    assert len(server.requests) == 5
    assert [outcome.status for outcome in outcomes] == ["answered", "answered", "error", "answered", "answered"]
    assert outcomes[2].error == f"HTTP {status}: too long"
    summary = summarise(outcomes, 1.0)
    assert (summary.n, summary.errors, summary.unanswered, summary.correct) == (5, 1, 0, 4)


def test_errors_are_not_cached(run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask) -> None:
    server.reply = lambda asked: make_reply("too long", status=400)
    run(make_program(), [make_question()])
    server.reply = lambda asked: make_reply("B")
    assert run(make_program(), [make_question()]).outcomes[0].answer == "B"


def test_failed_vote_leaves_the_question_unanswered(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    """Two of three votes are no majority of three, but their usage is counted."""
    question, program = make_question(), make_program(votes=3, decode=SamplingParams(32, temperature=0.8))
    failed = program.sampling_seed(question, 1)
    server.reply = lambda asked: make_reply("no", status=400) if asked.body["seed"] == failed else make_reply("B")
    (outcome,) = run(program, [question], all_votes=True).outcomes
    assert (outcome.status, outcome.answer, outcome.votes_saved) == ("error", None, 0)
    assert [(vote.calls, vote.failure) for vote in outcome.votes] == [(1, None), (0, "http"), (1, None)]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_wrong_key_or_model_ends_the_run(
    status: int, run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: make_reply("no such key", status=status)
    with pytest.raises(EndpointDownError, match=f"HTTP {status}: no such key") as caught:
        run(make_program(votes=3), [make_question(n) for n in range(50)], concurrency=4)
    assert len(server.requests) <= 12
    assert "a-secret-key" not in str(caught.value)


def test_refusal_after_answers_is_an_error_of_its_question(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    questions = [make_question(n) for n in range(6)]
    server.reply = lambda asked: make_reply("revoked", status=403) if "number 5" in asked.question else make_reply("B")
    outcomes = run(make_program(), questions, concurrency=1).outcomes
    assert [outcome.status for outcome in outcomes] == ["answered"] * 5 + ["error"]
    server.reply = lambda asked: make_reply("B")
    assert run(make_program(), questions).api_calls == 1


def test_endpoint_that_refuses_everything_ends_the_run(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: make_reply("no chat template", status=400)
    with pytest.raises(EndpointDownError, match="no chat template"):
        run(make_program(), [make_question(n) for n in range(50)], concurrency=2)
    assert len(server.requests) <= 8


def test_usage_before_a_failure_is_counted(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: (
        make_reply("Hard to say.") if len(server.requests) < 3 else make_reply("no", status=400)
    )
    (outcome,) = run(make_program(), [make_question()], on_unparsed="resample").outcomes
    assert (outcome.status, outcome.failure, outcome.votes[0].calls) == ("error", "http", 2)
    assert outcome.votes[0].completion_tokens > 0


def test_timeout_is_an_error_of_its_question(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: make_reply("B", delay=30)
    (outcome,) = run(make_program(), [make_question()], timeout=0.05, max_retries=1).outcomes
    assert (outcome.status, outcome.failure) == ("error", "timeout")
    assert "0.05 s" in outcome.error


MALFORMED = {
    "not JSON": b"<html>Bad gateway</html>",
    "not UTF-8": b'{"choices": [{"message": {"content": "\xff\xfe"}}]}',
    "a list": b"[]",
    "a text": b'"B"',
    "null": b"null",
    "no choices": b"{}",
    "empty choices": b'{"choices": []}',
    "choices of another kind": b'{"choices": "B"}',
    "no message": b'{"choices": [{}]}',
    "null message": b'{"choices": [{"message": null}]}',
    "content of another kind": b'{"choices": [{"message": {"content": 5}}]}',
    "an error in the choice": b'{"choices": [{"message": {"content": ""}, "finish_reason": "error"}]}',
    "an error with status 200": b'{"error": {"message": "out of memory"}}',
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_malformed_response_is_retried_then_an_error(
    raw: bytes, run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    def reply(asked: Any) -> Any:
        return make_reply(raw=raw) if "number 1" in asked.question else make_reply("B")

    server.reply = reply
    bad, good = run(make_program(), [make_question(1), make_question(2)], max_retries=1).outcomes
    assert (bad.status, good.answer) == ("error", "B")
    assert "\n" not in bad.error
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "raw",
    [
        b'{"choices": [{"message": {"content": null}, "finish_reason": "length"}]}',
        b'{"choices": [{"message": {"content": ""}, "finish_reason": "length"}], "usage": null}',
    ],
)
def test_empty_completion_is_unanswered(
    raw: bytes, run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: make_reply(raw=raw)
    (outcome,) = run(make_program(), [make_question()], on_unparsed="skip").outcomes
    assert (outcome.status, outcome.votes[0].text, outcome.votes[0].finish_reason) == ("unanswered", "", "length")


def test_odd_token_count_does_not_discard_the_answer(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    raw = json.dumps({"choices": [{"message": {"content": "B"}}], "usage": {"prompt_tokens": 10**19}}).encode()
    server.reply = lambda asked: make_reply(raw=raw)
    (outcome,) = run(make_program(), [make_question()], max_retries=0).outcomes
    assert (outcome.status, outcome.answer, outcome.votes[0].prompt_tokens) == ("answered", "B", 0)


SPENT = {
    "OpenAI": (429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}),
    "proxy": (422, {"error": {"message": "Budget has been exceeded! Current cost: 0.02, Max budget: 0.01"}}),
    "proxy of another release": (400, {"error": {"message": "over", "type": "budget_exceeded", "code": "400"}}),
    "router": (402, {"error": {"message": "Insufficient credits", "code": 402}}),
    "billing": (
        403,
        {"error": {"message": "Billing hard limit has been reached", "code": "billing_hard_limit_reached"}},
    ),
    "prepaid": (400, {"error": {"message": "Your credit balance is too low to access the API."}}),
}


@pytest.mark.parametrize(("status", "body"), SPENT.values(), ids=SPENT)
def test_spent_quota_ends_the_run_at_once(
    status: int, body: Any, run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    raw = json.dumps(body).encode()
    server.reply = lambda asked: make_reply("B") if len(server.requests) <= 3 else make_reply(status=status, raw=raw)
    questions = [make_question(number) for number in range(40)]
    with pytest.raises(EndpointDownError, match=f"HTTP {status}.*rerun the command to resume") as caught:
        run(make_program(), questions, concurrency=2)
    assert len(server.requests) <= 8
    assert "\n" not in str(caught.value)
    server.reply = lambda asked: make_reply("B")
    assert 37 - 4 <= run(make_program(), questions).api_calls <= 37


def test_rate_limit_ends_no_run(run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask) -> None:
    """A provider says that a quota per minute is exceeded in the words of a spent one, but names a time to wait."""
    server.reply = failing(1, make_reply, status=429, headers={"Retry-After": "0.001"})
    raw = b'{"error": {"message": "You exceeded your current quota, please check your plan"}}'
    first = server.reply
    server.reply = lambda asked: (
        make_reply(status=429, raw=raw, headers={"Retry-After": "0.001"})
        if (reply := first(asked)).status == 429
        else reply
    )
    assert [one.answer for one in run(make_program(), [make_question(n) for n in range(8)]).outcomes] == ["B"] * 8


@pytest.mark.parametrize(
    ("given", "fix"), [("", r"Set HOSTED_VLLM_API_KEY or pass --api-key"), ("a-key", "Correct the key")]
)
def test_wrong_key_ends_the_run_without_a_retry(
    given: str, fix: str, run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    raw = b'{"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}'
    server.reply = lambda asked: make_reply(status=500, raw=raw)
    with pytest.raises(EndpointDownError, match=fix):
        run(make_program(), [make_question()], api_key=given)
    assert len(server.requests) == 1


def test_failed_completion_of_an_old_cache_is_requested_again(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask, tmp_path: Path
) -> None:
    questions = [make_question(number) for number in range(6)]
    server.reply = lambda asked: make_reply("B")
    run(make_program(), questions)
    with sqlite3.connect(tmp_path / "votes.sqlite") as file:
        keys = [key for (key,) in file.execute("SELECT key FROM completions ORDER BY key")]
        update = "UPDATE completions SET text = '', finish_reason = ?, completion_tokens = 0 WHERE key = ?"
        file.executemany(update, [("error", keys[0]), ("abort", keys[1]), ("stop", keys[2]), (None, keys[3])])
    file.close()
    ran = run(make_program(), questions, on_unparsed="skip")
    assert (ran.api_calls, [one.status for one in ran.outcomes].count("unanswered")) == (2, 2)
    assert run(make_program(), questions, on_unparsed="skip").api_calls == 0


def test_api_key_in_an_error_is_masked(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: make_reply(f"bad header: {asked.authorization}", status=400)
    (outcome,) = run(make_program(), [make_question()]).outcomes
    assert outcome.error == "HTTP 400: bad header: Bearer ***"
    assert "a-secret-key" not in repr(outcome)


def test_outage_ends_the_run(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openmedlm.inference.outage.OUTAGE_SECONDS", 0.0)  # the fifth failure in a row is an outage
    server.reply = lambda asked: make_reply("B") if len(server.requests) <= 20 else make_reply("gone", status=502)
    with pytest.raises(EndpointDownError, match=r"HTTP 502: gone \(no response for \d+ s\)"):
        run(make_program(), [make_question(number) for number in range(500)], concurrency=8)
    assert len(server.requests) < 100


def test_short_outage_loses_nothing(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: (
        make_reply("starting", status=503) if 20 < len(server.requests) <= 60 else make_reply("B")
    )
    ran = run(make_program(), [make_question(number) for number in range(60)], concurrency=8, max_retries=40)
    assert len(server.requests) == 100
    assert {outcome.answer for outcome in ran.outcomes} == {"B"}


def test_failing_question_is_not_an_outage(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openmedlm.inference.outage.OUTAGE_SECONDS", 0.0)

    def reply(asked: Any) -> Any:
        return make_reply("crashed", status=500) if "number 7" in asked.question else make_reply("B")

    server.reply = reply
    ran = run(make_program(), [make_question(number) for number in range(8)], concurrency=2, max_retries=3)
    assert [outcome.error for outcome in ran.outcomes] == [None] * 7 + ["HTTP 500: crashed"]


def test_outage_message_masks_the_api_key(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openmedlm.inference.outage.OUTAGE_SECONDS", 0.05)
    server.reply = lambda asked: make_reply(f"no entry for {asked.authorization}", status=502)
    with pytest.raises(EndpointDownError, match="no entry") as dead:
        run(make_program(), [make_question(number) for number in range(20)], concurrency=8)
    assert "a-secret-key" not in str(dead.value)
