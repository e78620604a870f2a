"""Tests of early stopping: it skips exactly the votes that can no longer change the majority."""

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
ALL_LETTERS = list(product(("A", "B", None), repeat=VOTES))
"""All combinations of five votes for two letters, or without an answer."""


@pytest.fixture
def scripted(
    server: Any, make_reply: Any, make_program: Any, make_question: Any
) -> tuple[PromptProgram, list[Question]]:
    """Return a program, and a question per combination of votes; the server recognises votes by their seeds."""
    program = make_program(votes=VOTES, decode=SAMPLED)
    questions = [make_question(number) for number in range(len(ALL_LETTERS))]
    replies = {
        program.sampling_seed(question, sample): letter or "I can't say."
        for question, letters in zip(questions, ALL_LETTERS, strict=True)
        for sample, letter in enumerate(letters)
    }
    server.reply = lambda asked: make_reply(replies[asked.body["seed"]])
    return program, questions


@cache
def is_settled(letters: tuple[str | None, ...]) -> bool:
    """Return whether all continuations of these votes have the same majority, by trying all of them."""
    continuations = product(("A", "B", "C", None), repeat=VOTES - len(letters))
    return len({majority([*letters, *rest]).letter for rest in continuations}) == 1


def fewest(letters: tuple[str | None, ...]) -> int:
    """Return the number of votes after which the majority is settled."""
    return next(count for count in range(VOTES + 1) if is_settled(letters[:count]))


def test_early_stop_keeps_answers_and_skips_all_it_can(
    run: Any, server: Any, scripted: tuple[PromptProgram, list[Question]]
) -> None:
    program, questions = scripted
    outcomes = run(program, questions, on_unparsed="skip").outcomes
    for letters, outcome in zip(ALL_LETTERS, outcomes, strict=True):
        needed = fewest(letters)
        assert outcome.answer == majority(letters).letter, letters
        assert [vote.letter for vote in outcome.votes] == list(letters[:needed]), letters
        assert outcome.votes_saved == VOTES - needed
    assert len(server.requests) == sum(map(fewest, ALL_LETTERS)) < len(ALL_LETTERS) * VOTES


def test_all_votes_requests_only_the_missing_ones(
    run: Any, server: Any, scripted: tuple[PromptProgram, list[Question]]
) -> None:
    program, questions = scripted
    stopped = run(program, questions, on_unparsed="skip")
    whole = run(program, questions, on_unparsed="skip", all_votes=True)
    assert stopped.api_calls + whole.api_calls == len(server.requests) == len(ALL_LETTERS) * VOTES
    assert [outcome.answer for outcome in whole.outcomes] == [outcome.answer for outcome in stopped.outcomes]
    for letters, outcome in zip(ALL_LETTERS, whole.outcomes, strict=True):
        assert tuple(vote.letter for vote in outcome.votes) == letters
        assert outcome.votes_saved == 0


@pytest.mark.parametrize(("votes", "least"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (20, 10), (21, 11)])
def test_early_stop_needs_half_of_agreeing_votes(
    votes: int,
    least: int,
    run: Any,
    server: Any,
    make_reply: Any,
    make_program: Callable[..., PromptProgram],
    make_question: Callable[..., Question],
) -> None:
    """The first letter wins ties, so half of the votes are enough."""
    server.reply = lambda asked: make_reply("C")
    (outcome,) = run(make_program(votes=votes, decode=SAMPLED), [make_question()]).outcomes
    assert (outcome.answer, len(server.requests), outcome.votes_saved) == ("C", least, votes - least)
