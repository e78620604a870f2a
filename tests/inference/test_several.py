"""Several votes on one prompt: bought with one request where the endpoint can, and none lost where it can't."""

from collections.abc import Callable
from typing import Any

import pytest

from openmedlm.data import Question
from openmedlm.programs import PromptProgram, SamplingParams

Make = Callable[..., PromptProgram]
Ask = Callable[..., Question]

SAMPLED = {"decode": SamplingParams(temperature=0.8, max_tokens=32), "votes": 5}


def _asked_for(server: Any) -> list[int]:
    return [body.get("n", 1) for body in server.bodies]


def test_votes_on_one_prompt_are_bought_with_one_request(
    run: Any, server: Any, make_program: Make, make_question: Ask
) -> None:
    server.choices = 8
    ran = run(make_program(**SAMPLED), [make_question()], all_votes=True)
    assert (_asked_for(server), ran.api_calls) == ([5], 5)
    (outcome,) = ran.outcomes
    assert [vote.calls for vote in outcome.votes] == [1] * 5
    words = len(str(server.requests[0].prompt).split())
    assert [vote.prompt_tokens for vote in outcome.votes] == [words, 0, 0, 0, 0]
    assert sum(vote.completion_tokens for vote in outcome.votes) == 5
    assert len({vote.key for vote in outcome.votes}) == 5


def test_waves_ask_for_what_they_need_and_a_larger_ensemble_for_the_rest(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.choices, server.reply = 8, lambda asked: make_reply("B")
    assert len(run(make_program(**SAMPLED), [make_question()]).outcomes[0].votes) == 3
    run(make_program(**{**SAMPLED, "votes": 9}), [make_question()], all_votes=True)
    assert _asked_for(server) == [3, 6]


@pytest.mark.parametrize("given", [1, 2])
def test_where_the_endpoint_gives_too_few_the_rest_is_bought_one_by_one(
    given: int, run: Any, server: Any, make_program: Make, make_question: Ask
) -> None:
    server.choices = given
    questions = [make_question(number) for number in range(3)]
    ran = run(make_program(**SAMPLED), questions, all_votes=True, concurrency=1)
    assert ran.api_calls == 15
    assert all(len(outcome.votes) == 5 and outcome.error is None for outcome in ran.outcomes)
    assert sum(min(count, given) for count in _asked_for(server)) == 15
    assert _asked_for(server)[-8:] == [1] * 8


@pytest.mark.parametrize("status", [400, 422])
def test_where_the_endpoint_refuses_votes_are_bought_one_by_one(
    status: int, run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.choices = 8

    def reply(asked: Any) -> Any:
        many = server.requests[-1].body.get("n", 1) > 1
        return make_reply("n is not supported", status=status) if many else make_reply("B")

    server.reply = reply
    ran = run(make_program(**SAMPLED), [make_question(number) for number in range(3)], all_votes=True, concurrency=1)
    assert [outcome.answer for outcome in ran.outcomes] == ["B"] * 3
    assert ran.api_calls == 15


def test_shuffled_and_greedy_votes_are_asked_for_one_by_one(
    run: Any, server: Any, make_program: Make, make_question: Ask
) -> None:
    server.choices = 8
    run(make_program(**SAMPLED, shuffle=True), [make_question()], all_votes=True)
    run(make_program(votes=3), [make_question()], all_votes=True)
    assert set(_asked_for(server)) == {1}


def test_the_same_votes_wanted_twice_at_once_are_bought_once(
    run: Any, server: Any, make_program: Make, make_question: Ask
) -> None:
    server.choices = 8
    ran = run(make_program(**SAMPLED), [make_question(), make_question()], all_votes=True)
    assert sum(_asked_for(server)) == ran.api_calls == 5
    assert ran.outcomes[0].votes == ran.outcomes[1].votes


def test_a_failure_is_the_error_of_every_vote_that_was_asked_for(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.choices, server.reply = 8, lambda asked: make_reply("overloaded", status=503)
    (outcome,) = run(make_program(**SAMPLED), [make_question()], all_votes=True, max_retries=1).outcomes
    assert {vote.error for vote in outcome.votes} == {"HTTP 503: overloaded"}
    assert _asked_for(server) == [5, 5]
