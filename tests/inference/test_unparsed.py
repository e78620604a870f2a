"""Tests of unparsed votes: resample, constrain, skip."""

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


FIXED_LIMIT = SamplingParams(max_tokens=32, thinking_tokens=0)


def parsable_from(try_number: int, make_reply: Any, finish_reason: str = "stop") -> Callable[[Any], Any]:
    """Return a server script that answers B from the n-th request of each question on, and nothing before."""
    tries: dict[str, int] = defaultdict(int)

    def reply(asked: Any) -> Any:
        tries[asked.question] += 1
        if tries[asked.question] >= try_number:
            return make_reply("B")
        return make_reply("Let us see, it may well", finish_reason=finish_reason)

    return reply


def test_resample_repeats_until_an_answer_is_parsed(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = parsable_from(3, make_reply)
    (outcome,) = run(make_program(), [make_question()], on_unparsed="resample", max_resamples=4).outcomes
    (vote,) = outcome.votes
    assert (vote.letter, vote.text, vote.method, vote.finish_reason) == ("B", "B", "resampled", "stop")
    assert (vote.calls, vote.completion_tokens, vote.cached_tokens) == (3, 13, 9)
    assert outcome.status == "answered"


def test_resample_of_a_greedy_vote_uses_temperature(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = parsable_from(4, make_reply)
    run(make_program(), [make_question()], on_unparsed="resample", max_resamples=4)
    first, *others = server.bodies
    assert (first["temperature"], "seed" in first) == (0.0, False)
    assert [body["temperature"] for body in others] == [0.8] * 3
    assert len({body["seed"] for body in others}) == 3


def test_resample_of_a_sampled_vote_changes_the_seed(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = parsable_from(4, make_reply)
    run(make_program(decode=SAMPLED), [make_question()], on_unparsed="resample", max_resamples=4)
    assert {(body["temperature"], body["top_p"]) for body in server.bodies} == {(0.6, 0.9)}
    assert len({body["seed"] for body in server.bodies}) == 4


def test_cut_off_vote_is_requested_with_a_higher_limit(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = parsable_from(4, make_reply, "length")
    (outcome,) = run(make_program(), [make_question()], on_unparsed="resample", max_resamples=4).outcomes
    assert [body["max_tokens"] for body in server.bodies] == [32, 128, 512, 2048]
    assert {body["temperature"] for body in server.bodies} == {0.0}
    assert outcome.answer == "B"


def test_cut_off_vote_with_a_fixed_limit_is_not_repeated(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: make_reply("Let us see", finish_reason="length")
    (outcome,) = run(make_program(decode=FIXED_LIMIT), [make_question()], on_unparsed="resample").outcomes
    assert (outcome.answer, len(server.requests)) == (None, 1)


@pytest.mark.parametrize("requests", [1, 2, 5])
def test_resample_stops_after_max_resamples(
    requests: int, run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: make_reply("Let us see.")
    outcomes = run(make_program(), [make_question()], on_unparsed="resample", max_resamples=requests - 1).outcomes
    assert len(server.requests) == requests
    assert outcomes[0].votes[0].calls == requests
    summary = summarise(outcomes, 1.0)
    assert (summary.unanswered, summary.errors, summary.correct, summary.calls) == (1, 0, 0, requests)
    assert summary.resampled == (requests > 1)


def test_resamples_are_cached(run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask) -> None:
    server.reply = parsable_from(3, make_reply)
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
    ("constraint", "fields", "letter"),
    [("grammar", GRAMMAR, "B"), ("structured_outputs", CHOICE, "B"), ("json_schema", SCHEMA, '{"answer": "B"}')],
)
def test_constrain_requests_an_option_letter(
    constraint: str,
    fields: dict[str, Any],
    letter: str,
    run: Any,
    server: Any,
    make_reply: Any,
    make_program: Make,
    make_question: Ask,
) -> None:
    cut_off = "Let us see, it may well"

    def reply(asked: Any) -> Any:
        constrained = len(asked.prompt) > 2
        return make_reply(letter) if constrained else make_reply(cut_off, finish_reason="length")

    server.reply = reply
    program = make_program(reasoning=True, decode=FIXED_LIMIT)
    outcomes = run(program, [make_question()], on_unparsed="constrain", constraint=constraint).outcomes
    (vote,) = outcomes[0].votes
    first, second = server.bodies
    assert not set(fields) & set(first)
    assert {name: second[name] for name in fields} == fields
    assert second["temperature"] == 0.0
    assert second["messages"][:2] == first["messages"]
    assert second["messages"][2] == {"role": "assistant", "content": cut_off}
    assert (vote.letter, vote.method, vote.calls) == ("B", "constrained", 2)
    assert vote.text == f"{cut_off}\n\n{letter}"
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
def test_constrain_continues_a_text_completion(
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
    first, second = server.requests
    assert second.path == "/v1/completions"
    assert second.prompt == f"{first.prompt} The organ is round.\nAnswer:"
    assert {name: second.body[name] for name in field} == field
    assert (outcome.answer, outcome.votes[0].method) == ("B", "constrained")


def test_constrained_letter_is_unshuffled(
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


def test_constrain_skips_parsed_votes(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: make_reply("B", finish_reason="length")
    program = make_program(decode=FIXED_LIMIT)
    (outcome,) = run(program, [make_question()], on_unparsed="constrain", constraint="grammar").outcomes
    assert (len(server.requests), outcome.votes[0].method, outcome.votes[0].calls) == (1, "free", 1)


def test_skip_leaves_a_vote_unanswered(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: make_reply("Let us see", finish_reason="length")
    outcomes = run(make_program(decode=FIXED_LIMIT), [make_question()], on_unparsed="skip").outcomes
    (vote,) = outcomes[0].votes
    assert (vote.letter, vote.method, vote.calls, len(server.requests)) == (None, "free", 1, 1)
    assert outcomes[0].status == "unanswered"
    assert summarise(outcomes, 1.0).truncated == 1


def test_unparsed_vote_does_not_count(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    question, program = make_question(), make_program(votes=3, decode=SAMPLED)
    texts = {program.sampling_seed(question, n): text for n, text in enumerate(("Hm.", "C", "Hm."))}
    server.reply = lambda asked: make_reply(texts[asked.body["seed"]])
    (outcome,) = run(program, [question], on_unparsed="skip", all_votes=True).outcomes
    assert (outcome.answer, [vote.letter for vote in outcome.votes]) == ("C", [None, "C", None])
