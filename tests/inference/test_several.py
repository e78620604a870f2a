"""Tests of several completions per request, and of endpoints that cannot return several."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from openmedlm.data import Question
from openmedlm.programs import PromptProgram, SamplingParams

Make = Callable[..., PromptProgram]
Ask = Callable[..., Question]

SAMPLED = {"decode": SamplingParams(temperature=0.8, max_tokens=32), "votes": 5}


def _counts(server: Any) -> list[int]:
    return [body.get("n", 1) for body in server.bodies]


def test_votes_of_one_prompt_share_a_request(run: Any, server: Any, make_program: Make, make_question: Ask) -> None:
    server.choices = 8
    ran = run(make_program(**SAMPLED), [make_question()], all_votes=True)
    assert (_counts(server), ran.api_calls) == ([5], 5)
    (outcome,) = ran.outcomes
    assert [vote.calls for vote in outcome.votes] == [1] * 5
    words = len(str(server.requests[0].prompt).split())
    assert [vote.prompt_tokens for vote in outcome.votes] == [words, 0, 0, 0, 0]
    assert sum(vote.completion_tokens for vote in outcome.votes) == 5
    assert len({vote.key for vote in outcome.votes}) == 5


def test_larger_ensemble_requests_the_missing_votes(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.choices, server.reply = 8, lambda asked: make_reply("B")
    assert len(run(make_program(**SAMPLED), [make_question()]).outcomes[0].votes) == 3
    run(make_program(**{**SAMPLED, "votes": 9}), [make_question()], all_votes=True)
    assert _counts(server) == [3, 6]


@pytest.mark.parametrize("given", [1, 2])
def test_too_few_completions_are_completed_one_by_one(
    given: int, run: Any, server: Any, make_program: Make, make_question: Ask
) -> None:
    server.choices = given
    questions = [make_question(number) for number in range(3)]
    ran = run(make_program(**SAMPLED), questions, all_votes=True, concurrency=1)
    assert ran.api_calls == 15
    assert all(len(outcome.votes) == 5 and outcome.error is None for outcome in ran.outcomes)
    assert sum(min(count, given) for count in _counts(server)) == 15
    assert max(_counts(server)[2:]) == given, "two questions are in progress at first"


@pytest.mark.parametrize("status", [400, 404, 405, 422, 500, 501, 503])
@pytest.mark.parametrize("message", ["n is not supported", "internal error"])
def test_refused_n_falls_back_to_single_requests(
    status: int, message: str, run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.choices = 8

    def reply(asked: Any) -> Any:
        many = server.requests[-1].body.get("n", 1) > 1
        return make_reply(message, status=status) if many else make_reply("B")

    server.reply = reply
    ran = run(make_program(**SAMPLED), [make_question(number) for number in range(3)], all_votes=True, concurrency=1)
    assert [outcome.answer for outcome in ran.outcomes] == ["B"] * 3
    assert ran.api_calls == 15
    assert _counts(server)[-10:] == [1] * 10


@pytest.mark.parametrize("status", [400, 422, 500])
def test_prompt_that_fails_alone_does_not_end_n(
    status: int, fast_retries: None, run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.choices = 8
    server.reply = lambda asked: (
        make_reply("no such prompt", status=status) if "number 0" in asked.question else make_reply("B")
    )
    ran = run(make_program(**SAMPLED), [make_question(number) for number in range(4)], all_votes=True, max_retries=0)
    assert [outcome.error is None for outcome in ran.outcomes] == [False, True, True, True]
    assert sorted(_counts(server)) == [1, 5, 5, 5, 5]


def test_prompt_without_room_does_not_end_n(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.choices = 8
    message = "maximum context length is 40 tokens and your request has 90 input tokens"
    server.reply = lambda asked: make_reply(message, status=400) if "number 0" in asked.question else make_reply("B")
    ran = run(make_program(**SAMPLED), [make_question(number) for number in range(4)], all_votes=True)
    assert [outcome.error is None for outcome in ran.outcomes] == [False, True, True, True]
    assert "-k" in ran.outcomes[0].error
    assert _counts(server) == [5] * 4


@pytest.mark.parametrize("failures", [1, 2])
def test_failure_that_recovers_does_not_end_n(
    failures: int, fast_retries: None, run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.choices = 8
    server.reply = lambda asked: (
        make_reply("crashed", status=500) if len(server.requests) <= failures else make_reply("B")
    )
    ran = run(make_program(**SAMPLED), [make_question(number) for number in range(3)], all_votes=True, concurrency=1)
    assert {outcome.answer for outcome in ran.outcomes} == {"B"}
    assert _counts(server)[-1] == 5
    assert sum(_counts(server)) - 5 * failures == 15


def test_failed_choice_is_requested_again(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    def choices(count: int, failed: int) -> bytes:
        whole = {"message": {"content": "B"}, "finish_reason": "stop"}
        broken = {"message": {"content": ""}, "finish_reason": "error", "error": {"code": 502, "message": "timeout"}}
        return orjson.dumps({"choices": [whole] * (count - failed) + [broken] * failed})

    server.reply = lambda asked: make_reply(
        raw=choices(server.bodies[-1].get("n", 1), 2 if len(server.requests) == 1 else 0)
    )
    ran = run(make_program(**SAMPLED), [make_question(number) for number in range(2)], all_votes=True, concurrency=1)
    assert [[vote.letter for vote in outcome.votes] for outcome in ran.outcomes] == [["B"] * 5] * 2
    assert (sorted(_counts(server)), ran.api_calls) == ([2, 5, 5], 10)


def test_shuffled_and_greedy_votes_are_single_requests(
    run: Any, server: Any, make_program: Make, make_question: Ask
) -> None:
    server.choices = 8
    run(make_program(**SAMPLED, shuffle=True), [make_question()], all_votes=True)
    run(make_program(votes=3), [make_question()], all_votes=True)
    assert set(_counts(server)) == {1}


def test_equal_questions_share_their_requests(run: Any, server: Any, make_program: Make, make_question: Ask) -> None:
    server.choices = 8
    ran = run(make_program(**SAMPLED), [make_question(), make_question()], all_votes=True)
    assert sum(_counts(server)) == ran.api_calls == 5
    assert ran.outcomes[0].votes == ran.outcomes[1].votes


def test_failed_request_fails_each_of_its_votes(
    fast_retries: None, run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.choices, server.reply = 8, lambda asked: make_reply("overloaded", status=503)
    (outcome,) = run(make_program(**SAMPLED), [make_question()], all_votes=True, max_retries=1).outcomes
    assert {vote.error for vote in outcome.votes} == {"HTTP 503: overloaded"}
    assert _counts(server) == [5, 1, 1]
