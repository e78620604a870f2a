"""Tests of the engine: requests, cache hits, order of the outcomes."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from openmedlm.data import Question
from openmedlm.metrics import Outcome, summarise
from openmedlm.programs import PLAIN, Exemplar, FixedExemplars, PromptProgram, SamplingParams
from openmedlm.programs.prompt_program import SamplePrompt

Make = Callable[..., PromptProgram]
Ask = Callable[..., Question]
SAMPLED = SamplingParams(max_tokens=32, temperature=0.8)


def repeated(server: Any) -> dict[bytes, int]:
    """Return the requests that arrived more than once, and how often."""
    return {
        identity: count for identity, count in Counter(each.identity for each in server.requests).items() if count > 1
    }


@pytest.fixture
def questions(make_question: Ask) -> list[Question]:
    return [make_question(number) for number in range(12)]


@pytest.fixture
def voting(make_program: Make) -> PromptProgram:
    return make_program(votes=3, shuffle=True, decode=SAMPLED)


def test_run_requests_every_vote_once(run: Any, server: Any, voting: PromptProgram, questions: list[Question]) -> None:
    first = run(voting, questions, all_votes=True)
    assert (first.api_calls, len(server.requests), repeated(server)) == (36, 36, {})
    assert [vote.sample for vote in first.outcomes[0].votes] == [0, 1, 2]


def test_second_run_is_served_from_the_cache(
    run: Any, server: Any, voting: PromptProgram, questions: list[Question]
) -> None:
    first = run(voting, questions)
    requests = len(server.requests)
    second = run(voting, questions)
    assert second.outcomes == first.outcomes
    assert (second.api_calls, len(server.requests)) == (0, requests)


def test_run_over_more_questions_requests_new_ones_only(
    run: Any, server: Any, voting: PromptProgram, questions: list[Question]
) -> None:
    half = run(voting, questions[3:8], all_votes=True)
    whole = run(voting, questions, all_votes=True)
    assert (half.api_calls, whole.api_calls) == (15, 21)
    assert whole.outcomes[3:8] == half.outcomes
    assert repeated(server) == {}


@pytest.mark.parametrize("concurrency", [1, 4])
def test_cancelled_run_repeats_requests_in_flight_only(
    concurrency: int, run: Any, server: Any, make_reply: Any, voting: PromptProgram, questions: list[Question]
) -> None:
    """The server answers twenty requests and then hangs, until the run is cancelled."""
    server.reply = lambda asked: make_reply("A", delay=0 if len(server.requests) <= 20 else 60)
    with pytest.raises(asyncio.CancelledError):
        run(voting, questions, all_votes=True, concurrency=concurrency, cancel_after=20 + concurrency)
    server.reply = lambda asked: make_reply("A")
    assert run(voting, questions, all_votes=True, concurrency=concurrency).api_calls == 16
    assert list(repeated(server).values()) == [2] * concurrency
    assert run(voting, questions, all_votes=True).api_calls == 0


def test_equal_requests_in_flight_are_sent_once(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: make_reply("B", delay=0.1)
    duplicates = [make_question(1, id="one"), make_question(1, id="two"), make_question(1, id="three", answer="C")]
    ran = run(make_program(), duplicates, concurrency=8)
    assert (ran.api_calls, len(server.requests)) == (1, 1)
    assert [(outcome.question_id, outcome.correct) for outcome in ran.outcomes] == [
        ("one", True),
        ("two", True),
        ("three", False),
    ]


def test_greedy_votes_are_separate_requests(run: Any, server: Any, make_program: Make, make_question: Ask) -> None:
    ran = run(make_program(votes=5), [make_question()], all_votes=True)
    assert (ran.api_calls, len(server.requests)) == (5, 5)
    assert len({vote.key for vote in ran.outcomes[0].votes}) == 5


def test_cache_is_separate_for_each_model(run: Any, server: Any, make_program: Make, make_question: Ask) -> None:
    for model in ("hosted_vllm/small", "hosted_vllm/large", "hosted_vllm/small"):
        run(make_program(), [make_question()], model=model)
    assert [body["model"] for body in server.bodies] == ["small", "large"]


def test_greedy_requests_carry_no_seed(run: Any, server: Any, make_program: Make, questions: list[Question]) -> None:
    first = run(make_program(seed=1), questions)
    second = run(make_program(seed=2), questions)
    assert (first.api_calls, second.api_calls) == (12, 0)
    assert not any("seed" in body for body in server.bodies)


def test_sampled_requests_carry_the_seed_of_the_vote(
    run: Any, server: Any, make_program: Make, make_question: Ask
) -> None:
    question = make_question()
    for seed in (1, 2):
        program = make_program(votes=3, decode=SAMPLED, seed=seed)
        server.requests.clear()
        assert run(program, [question], all_votes=True).api_calls == 3
        assert {body["seed"] for body in server.bodies} == {program.sampling_seed(question, n) for n in range(3)}


def test_outcomes_do_not_depend_on_concurrency(
    run: Any, server: Any, make_reply: Any, voting: PromptProgram, questions: list[Question]
) -> None:
    def slowly(asked: Any) -> Any:
        drawn = hashlib.sha256(asked.identity).digest()
        return make_reply("ABC"[drawn[0] % 3], delay=drawn[1] / 256 / 50)

    server.reply = slowly
    one = run(voting, questions, concurrency=1, store="one")
    assert server.busiest == 1
    many = run(voting, questions, concurrency=64, store="many")
    assert 1 < server.busiest <= 64
    assert [outcome.question_id for outcome in many.outcomes] == [question.id for question in questions]
    assert many.outcomes == one.outcomes


@pytest.mark.parametrize("concurrency", [2, 5])
def test_concurrency_limits_requests_in_flight(
    concurrency: int, run: Any, server: Any, make_reply: Any, voting: PromptProgram, questions: list[Question]
) -> None:
    server.reply = lambda asked: make_reply("A", delay=0.05)
    run(voting, questions[:5], concurrency=concurrency)
    assert server.busiest == concurrency


def test_shuffled_letters_are_mapped_back(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    """A model that picks the gold text is right, in any order of the options."""

    def right_letter(asked: Any) -> Any:
        (letter,) = (line[0] for line in asked.question.split("\n") if line[3:] == "gold")
        return make_reply(letter)

    server.reply = right_letter
    questions = [
        make_question(
            n, options={"A": "x", "B": "y", "C": "z", "D": "w"} | {"ABCD"[n % 4]: "gold"}, answer="ABCD"[n % 4]
        )
        for n in range(8)
    ]
    program = make_program(votes=7, shuffle=True, decode=SAMPLED)
    outcomes = run(program, questions, all_votes=True).outcomes
    assert all(outcome.correct for outcome in outcomes)
    assert all(vote.letter == outcome.gold for outcome in outcomes for vote in outcome.votes)
    for outcome, question in zip(outcomes, questions, strict=True):
        assert [vote.order for vote in outcome.votes] == program.orders(question)
        assert len({vote.text for vote in outcome.votes}) > 1


def test_on_outcome_gets_every_outcome_once(run: Any, voting: PromptProgram, questions: list[Question]) -> None:
    seen: list[Outcome] = []
    outcomes = run(voting, questions, on_outcome=seen.append).outcomes
    positions = {question.id: position for position, question in enumerate(questions)}
    assert sorted(seen, key=lambda outcome: positions[outcome.question_id]) == outcomes


def test_on_prompts_gets_the_prompts_of_each_outcome(run: Any, make_program: Make, questions: list[Question]) -> None:
    program = make_program(votes=5, shuffle=True)
    prompts: dict[int, Sequence[SamplePrompt]] = {}
    with_prompts: list[tuple[str, bool]] = []

    def on_outcome(outcome: Outcome) -> None:
        position = next(n for n, question in enumerate(questions) if question.id == outcome.question_id)
        with_prompts.append((outcome.question_id, position in prompts))

    def on_prompts(position: int, sample_prompts: Sequence[SamplePrompt]) -> None:
        assert position not in prompts
        prompts[position] = sample_prompts

    ran = run(program, questions, on_outcome=on_outcome, on_prompts=on_prompts)
    for position, (question, outcome) in enumerate(zip(questions, ran.outcomes, strict=True)):
        assert prompts[position] == program.sample_prompts(question, ())[: len(outcome.votes)]
    assert min(len(each) for each in prompts.values()) < 5
    assert sorted(with_prompts) == sorted((question.id, True) for question in questions)


def test_run_without_questions_has_no_outcomes(run: Any, server: Any, voting: PromptProgram) -> None:
    assert run(voting, []).outcomes == []
    assert server.requests == []


def test_outcome_holds_question_answer_and_usage(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: make_reply("The answer is B.", finish_reason="length")
    question = make_question(subject="anatomy")
    program = make_program(decode=SamplingParams(max_tokens=32, thinking_tokens=0))
    (outcome,) = run(program, [question]).outcomes
    (vote,) = outcome.votes
    assert (outcome.question_id, outcome.benchmark, outcome.subject) == ("q0", "invented", "anatomy")
    assert (outcome.gold, outcome.answer, outcome.status) == ("B", "B", "answered")
    assert (vote.text, vote.finish_reason, vote.method, vote.calls) == ("The answer is B.", "length", "free", 1)
    words = sum(len(str(asked.prompt).split()) for asked in server.requests)
    assert (vote.prompt_tokens, vote.completion_tokens, vote.cached_tokens) == (words, 4, 3)


def test_cost_is_zero_on_own_server_else_unknown(run: Any, make_program: Make, questions: list[Question]) -> None:
    own = run(make_program(), questions, model="hosted_vllm/small")
    hosted = run(make_program(), questions, model="openai/small")
    assert summarise(own.outcomes, 1.0).cost_usd == 0.0
    assert summarise(hosted.outcomes, 1.0).cost_usd is None


def test_text_prompt_goes_to_completions(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask
) -> None:
    server.reply = lambda asked: make_reply(" B")
    (outcome,) = run(make_program(template=PLAIN, decode=SamplingParams(8, stop=("\n",))), [make_question()]).outcomes
    (asked,) = server.requests
    assert (asked.path, outcome.answer) == ("/v1/completions", "B")
    assert asked.body["prompt"].endswith("D. Kidney\nAnswer:")
    assert asked.body["stop"] == ["\n"]


def test_sampling_params_are_sent(run: Any, server: Any, make_program: Make, make_question: Ask) -> None:
    run(make_program(decode=SamplingParams(77, 0.0)), [make_question(1)])
    run(make_program(decode=SamplingParams(78, 0.7, 0.9, 40, ("x", "y"))), [make_question(1)])
    plain, full = ({k: v for k, v in body.items() if k not in ("messages", "seed")} for body in server.bodies)
    assert plain == {"model": "small", "max_tokens": 77, "temperature": 0.0}
    assert full == {
        "model": "small",
        "max_tokens": 78,
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": 40,
        "stop": ["x", "y"],
    }


def test_outcome_names_its_exemplars(
    run: Any, server: Any, make_program: Make, make_question: Ask, questions: list[Question]
) -> None:
    exemplars = FixedExemplars((Exemplar(make_question(91)), Exemplar(make_question(90))))
    outcomes = run(replace(make_program(), exemplars=exemplars), questions).outcomes
    assert {outcome.exemplars for outcome in outcomes} == {("q91", "q90")}
    assert all(len(body["messages"]) == 6 for body in server.bodies)


def test_api_key_is_sent_and_nowhere_else(
    run: Any, server: Any, make_reply: Any, make_program: Make, make_question: Ask, tmp_path: Any
) -> None:
    server.reply = lambda asked: make_reply("wrong", status=400)
    (outcome,) = run(make_program(), [make_question()]).outcomes
    server.reply = lambda asked: make_reply("A")
    run(make_program(), [make_question()])
    assert {asked.authorization for asked in server.requests} == {"Bearer a-secret-key"}
    assert "a-secret-key" not in repr(outcome)
    assert not any(b"a-secret-key" in file.read_bytes() for file in tmp_path.iterdir())
