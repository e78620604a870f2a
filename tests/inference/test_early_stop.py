"""Votes that can no longer change the majority are not bought, and nothing else changes."""

from collections.abc import Callable
from functools import cache
from itertools import product
from typing import Any

import pytest

from openmedlm.data import Question
from openmedlm.metrics import majority
from openmedlm.programs import PromptProgram, SamplingParams

SAMPLED = SamplingParams(max_tokens=32, temperature=0.8)
VOTES = 5
EVERY = list(product(("A", "B", None), repeat=VOTES))
"""All the ways in which five votes can fall on two letters or be unreadable."""


@pytest.fixture
def told(server: Any, make_reply: Any, make_program: Any, make_question: Any) -> tuple[PromptProgram, list[Question]]:
    """A program and a question for each way in which its votes can fall; the server knows them by their seeds."""
    program = make_program(votes=VOTES, decode=SAMPLED)
    questions = [make_question(number) for number in range(len(EVERY))]
    said = {
        program.sampling_seed(question, sample): letter or "I can't say."
        for question, letters in zip(questions, EVERY, strict=True)
        for sample, letter in enumerate(letters)
    }
    server.reply = lambda asked: make_reply(said[asked.body["seed"]])
    return program, questions


@cache
def settled(letters: tuple[str | None, ...]) -> bool:
    """Whether every continuation of these votes has the same majority, by trying all of them."""
    continuations = product(("A", "B", "C", None), repeat=VOTES - len(letters))
    return len({majority([*letters, *rest]).letter for rest in continuations}) == 1


def fewest(letters: tuple[str | None, ...]) -> int:
    """Votes after which the majority is settled."""
    return next(count for count in range(VOTES + 1) if settled(letters[:count]))


def test_stopping_early_never_changes_the_answer_and_saves_all_it_can(
    run: Any, server: Any, told: tuple[PromptProgram, list[Question]]
) -> None:
    program, questions = told
    outcomes = run(program, questions, on_unparsed="skip").outcomes
    for letters, outcome in zip(EVERY, outcomes, strict=True):
        api_calls = fewest(letters)
        assert outcome.answer == majority(letters).letter, letters
        assert [vote.letter for vote in outcome.votes] == list(letters[:api_calls]), letters
        assert outcome.votes_saved == VOTES - api_calls
    assert len(server.requests) == sum(map(fewest, EVERY)) < len(EVERY) * VOTES


def test_all_votes_are_bought_when_asked_for_and_only_the_missing_ones(
    run: Any, server: Any, told: tuple[PromptProgram, list[Question]]
) -> None:
    program, questions = told
    stopped = run(program, questions, on_unparsed="skip")
    whole = run(program, questions, on_unparsed="skip", all_votes=True)
    assert stopped.api_calls + whole.api_calls == len(server.requests) == len(EVERY) * VOTES
    assert [outcome.answer for outcome in whole.outcomes] == [outcome.answer for outcome in stopped.outcomes]
    for letters, outcome in zip(EVERY, whole.outcomes, strict=True):
        assert tuple(vote.letter for vote in outcome.votes) == letters
        assert outcome.votes_saved == 0


@pytest.mark.parametrize(("votes", "least"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (20, 10), (21, 11)])
def test_agreeing_votes_stop_at_the_half(
    votes: int,
    least: int,
    run: Any,
    server: Any,
    make_reply: Any,
    make_program: Callable[..., PromptProgram],
    make_question: Callable[..., Question],
) -> None:
    """The letter that came first takes ties, so half of the votes are enough."""
    server.reply = lambda asked: make_reply("C")
    (outcome,) = run(make_program(votes=votes, decode=SAMPLED), [make_question()]).outcomes
    assert (outcome.answer, len(server.requests), outcome.votes_saved) == ("C", least, votes - least)
