"""What becomes of a vote that names no letter."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from openmedlm.data import Question
from openmedlm.metrics import summarise
from openmedlm.programs import PLAIN, PromptProgram, SamplingParams

Make = Callable[..., PromptProgram]
Ask = Callable[..., Question]
SAMPLED = SamplingParams(max_tokens=32, temperature=0.6, top_p=0.9)


def readable_from(try_number: int, make_reply: Any) -> Callable[[Any], Any]:
    """A server that names the letter B from the n-th try of each question on; earlier tries are cut off."""
    tries: dict[str, int] = defaultdict(int)

    def reply(asked: Any) -> Any:
        tries[asked.question] += 1
        if tries[asked.question] >= try_number:
            return make_reply("B")
        return make_reply("Let us see, it may well", finish_reason="length")

    return reply


def test_a_vote_is_asked_again_until_it_can_be_read(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = readable_from(3, make_reply)
    (outcome,) = run(make_program(), [make_question()], on_unparsed="resample", max_resamples=4).outcomes
    (vote,) = outcome.votes
    assert (vote.letter, vote.text, vote.method, vote.finish_reason) == ("B", "B", "resampled", "stop")
    assert (vote.calls, vote.completion_tokens, vote.cached_tokens) == (3, 13, 9)
    assert outcome.status == "answered"


def test_a_greedy_vote_is_asked_again_warmer_and_with_seeds_of_its_own(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = readable_from(4, make_reply)
    run(make_program(), [make_question()], on_unparsed="resample", max_resamples=4)
    first, *others = server.bodies
    assert (first["temperature"], "seed" in first) == (0.0, False)
    assert [body["temperature"] for body in others] == [0.8] * 3
    assert len({body["seed"] for body in others}) == 3


def test_a_sampled_vote_is_asked_again_in_the_same_way_with_another_seed(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = readable_from(4, make_reply)
    run(make_program(decode=SAMPLED), [make_question()], on_unparsed="resample", max_resamples=4)
    assert {(body["temperature"], body["top_p"]) for body in server.bodies} == {(0.6, 0.9)}
    assert len({body["seed"] for body in server.bodies}) == 4


@pytest.mark.parametrize("rounds", [1, 2, 5])
def test_after_the_last_round_a_vote_stays_unread(
    rounds: int, run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: make_reply("Let us see.")
    outcomes = run(make_program(), [make_question()], on_unparsed="resample", max_resamples=rounds - 1).outcomes
    assert len(server.requests) == rounds
    assert outcomes[0].votes[0].calls == rounds
    summary = summarise(outcomes, 1.0)
    assert (summary.unanswered, summary.errors, summary.correct, summary.calls) == (1, 0, 0, rounds)
    assert summary.resampled == (rounds > 1)


def test_asking_again_is_bought_once_too(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = readable_from(3, make_reply)
    first = run(make_program(), [make_question()], on_unparsed="resample")
    second = run(make_program(), [make_question()], on_unparsed="resample")
    assert (first.api_calls, second.api_calls, len(server.requests)) == (3, 0, 3)
    assert second.outcomes == first.outcomes


GRAMMAR = {"grammar": 'root ::= "A" | "B" | "C" | "D"'}
CHOICE = {"structured_outputs": {"choice": ["A", "B", "C", "D"]}, "guided_choice": ["A", "B", "C", "D"]}
SCHEMA = {
    "response_format": {
        "type": "json_schema",
        "json_schema": {
            "name": "answer",
            "strict": True,
            "schema": {
                "type": "object",
                "properties": {"answer": {"type": "string", "enum": ["A", "B", "C", "D"]}},
                "required": ["answer"],
                "additionalProperties": False,
            },
        },
    }
}


@pytest.mark.parametrize(
    ("constraint", "fields", "closing"),
    [("grammar", GRAMMAR, "B"), ("structured_outputs", CHOICE, "B"), ("json_schema", SCHEMA, '{"answer": "B"}')],
)
def test_a_vote_is_closed_with_a_constrained_letter(
    constraint: str,
    fields: dict[str, Any],
    closing: str,
    run: Any,
    server: Any,
    make_reply: Any,
    make_program: Make,
    make_question: Ask,
) -> None:
    cut_off = "Let us see, it may well"

    def reply(asked: Any) -> Any:
        closes = len(asked.prompt) > 2
        return make_reply(closing) if closes else make_reply(cut_off, finish_reason="length")

    server.reply = reply
    program = make_program(reasoning=True)
    outcomes = run(program, [make_question()], on_unparsed="constrain", constraint=constraint).outcomes
    (vote,) = outcomes[0].votes
    asked, closed = server.bodies
    assert not set(fields) & set(asked)
    assert {name: closed[name] for name in fields} == fields
    assert closed["temperature"] == 0.0
    assert closed["messages"][:2] == asked["messages"]
    assert closed["messages"][2] == {"role": "assistant", "content": cut_off}
    assert (vote.letter, vote.method, vote.calls) == ("B", "constrained", 2)
    assert vote.text == f"{cut_off}\n\n{closing}"
    assert vote.finish_reason == "length"
    summary = summarise(outcomes, 1.0)
    assert (summary.truncated, summary.constrained, summary.resampled, summary.unanswered) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("constraint", "field"),
    [
        ("grammar", {"grammar": 'root ::= " A" | " B" | " C" | " D"'}),
        ("structured_outputs", {"structured_outputs": {"choice": [" A", " B", " C", " D"]}}),
    ],
)
def test_a_completion_is_closed_by_going_on_from_it(
    constraint: str,
    field: dict[str, Any],
    run: Any,
    server: Any,
    make_reply: Any,
    make_program: Make,
    make_question: Ask,
) -> None:
    server.reply = lambda asked: make_reply(" B" if set(field) & set(asked.body) else " The organ is round.\n")
    program = make_program(template=PLAIN, reasoning=True)
    (outcome,) = run(program, [make_question()], on_unparsed="constrain", constraint=constraint).outcomes
    asked, closed = server.requests
    assert closed.path == "/v1/completions"
    assert closed.prompt == f"{asked.prompt} The organ is round.\nAnswer:"
    assert {name: closed.body[name] for name in field} == field
    assert (outcome.answer, outcome.votes[0].method) == ("B", "constrained")


def test_a_closing_letter_is_mapped_back_through_the_shuffle(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    def reply(asked: Any) -> Any:
        if "grammar" not in asked.body:
            return make_reply("Hm.")
        shown = asked.prompt[-3]["content"]
        (letter,) = (line[0] for line in shown.split("\n") if line[3:] == "Liver")
        return make_reply(letter)

    server.reply = reply
    program = make_program(votes=6, shuffle=True, decode=SAMPLED)
    (outcome,) = run(program, [make_question()], on_unparsed="constrain", constraint="grammar", all_votes=True).outcomes
    assert [vote.letter for vote in outcome.votes] == ["B"] * 6


def test_a_vote_that_is_read_at_once_is_not_closed(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: make_reply("B", finish_reason="length")
    (outcome,) = run(make_program(), [make_question()], on_unparsed="constrain", constraint="grammar").outcomes
    assert (len(server.requests), outcome.votes[0].method, outcome.votes[0].calls) == (1, "free", 1)


def test_a_vote_that_is_left_is_unanswered_not_wrong_or_broken(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: make_reply("Let us see", finish_reason="length")
    outcomes = run(make_program(), [make_question()], on_unparsed="skip").outcomes
    (vote,) = outcomes[0].votes
    assert (vote.letter, vote.method, vote.calls, len(server.requests)) == (None, "free", 1, 1)
    assert outcomes[0].status == "unanswered"
    assert summarise(outcomes, 1.0).truncated == 1


def test_a_vote_without_a_letter_does_not_count_against_the_others(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    question, program = make_question(), make_program(votes=3, decode=SAMPLED)
    said = {program.sampling_seed(question, n): text for n, text in enumerate(("Hm.", "C", "Hm."))}
    server.reply = lambda asked: make_reply(said[asked.body["seed"]])
    (outcome,) = run(program, [question], on_unparsed="skip", all_votes=True).outcomes
    assert (outcome.answer, [vote.letter for vote in outcome.votes]) == ("C", [None, "C", None])
