"""Models that think, in every style, at every kind of server."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from model_server import Asked, Reply
from thinking_server import STYLES, Style, ThinkingServer

from openmedlm.data import Question
from openmedlm.inference import CompletionCache, Engine, Notices, Policy, find_endpoint, open_client
from openmedlm.metrics import Outcome
from openmedlm.programs import PLAIN, PromptProgram, SamplingParams

Make = Callable[..., PromptProgram]
Ask = Callable[..., Question]
Change = Callable[[Asked, Reply], Reply]

WORDS = 700
QUESTIONS = 6
THINKING_LIMIT = 32 + 8192
FIXED_LIMIT = SamplingParams(max_tokens=32, thinking_tokens=0)
WRITTEN = ("{letter}", "({letter})", "**{letter}**", "\\boxed{{{letter}}}", "I choose {letter}.")
CUT_OFF_NAMES = ("length", "LENGTH", "max_tokens", "MAX_TOKENS", "model_length")


@dataclass(frozen=True)
class Run:
    """Results of one run."""

    outcomes: Sequence[Outcome]
    notices: list[str]
    calls: int

    @property
    def answers(self) -> list[str | None]:
        return [outcome.answer for outcome in self.outcomes]


def serve(style: str = "tags", words: int = WORDS, change: Change | None = None, **options: Any) -> ThinkingServer:
    """Make a server of a model whose answer is B, and whose replies a test may change."""
    server = ThinkingServer(style, words, lambda question: "B", **options)
    if change is not None:
        plain = server.reply
        server.reply = lambda asked: change(asked, plain(asked))
    return server


@pytest.fixture
def evaluate(tmp_path: Path, make_question: Ask, make_program: Make) -> Callable[..., Run]:
    """Run a program, by default direct zero-shot, on six questions; runs of one test share a cache."""

    def evaluate(server: ThinkingServer, program: PromptProgram | None = None, **policy: Any) -> Run:
        questions = [make_question(number) for number in range(QUESTIONS)]

        async def go() -> Run:
            endpoint, notices = find_endpoint("hosted_vllm/small", server.base_url, "a-key"), Notices()
            with CompletionCache(tmp_path / "cache.sqlite") as cache:
                async with open_client(endpoint, 64, 20.0, notices) as client:
                    engine = Engine(client, endpoint, cache, Policy(**policy), notices=notices)
                    outcomes = await engine.run(program or make_program(), questions)
                    await cache.drain()
                    return Run(list(outcomes), notices.messages, engine.api_calls)

        return asyncio.run(go())

    return evaluate


def limits(server: ThinkingServer) -> list[int]:
    return [body["max_tokens"] for body in server.bodies]


@pytest.mark.parametrize("words", [5, 50, 3000])
@pytest.mark.parametrize("style", STYLES)
def test_last_word_counts_in_every_style(style: str, words: int, evaluate: Any) -> None:
    with serve(style, words) as server:
        first = evaluate(server)
        sent = len(server.requests)
        again = evaluate(server)
        assert len(server.requests) == sent
    assert first.answers == again.answers == ["B"] * QUESTIONS
    assert [note for note in first.notices if "thinks (" in note] == first.notices
    assert len(first.notices) == 1
    assert all(vote.finish_reason == "stop" for outcome in first.outcomes for vote in outcome.votes)


@pytest.mark.parametrize(
    "written", ["{letter}", "({letter})", "**{letter}**", "\\boxed{{{letter}}}", "I choose {letter}."]
)
@pytest.mark.parametrize("style", ["tags", "closed only"])
def test_answer_after_thoughts_is_read(style: str, written: str, evaluate: Any) -> None:
    with serve(style, written=written) as server:
        assert evaluate(server).answers == ["B"] * QUESTIONS


@pytest.mark.parametrize("template", ["chat", "plain"])
@pytest.mark.parametrize("style", ["tags", "closed only", "headings"])
def test_stop_texts_end_no_thoughts(style: str, template: str, evaluate: Any, make_program: Make) -> None:
    decode = SamplingParams(max_tokens=32, stop=("options.",))
    program = make_program(decode=decode, **({"template": PLAIN} if template == "plain" else {}))
    with serve(style) as server:
        assert evaluate(server, program).answers == ["B"] * QUESTIONS
        assert all("stop" not in body for body in server.bodies if body["max_tokens"] == THINKING_LIMIT)


@pytest.mark.parametrize("concurrency", [1, 16])
@pytest.mark.parametrize("style", ["tags", "closed only", "field", "hidden"])
def test_decision_does_not_depend_on_concurrency(style: str, concurrency: int, evaluate: Any) -> None:
    with serve(style) as server:
        ran = evaluate(server, concurrency=concurrency)
    assert [(outcome.answer, outcome.votes[0].calls) for outcome in ran.outcomes] == [("B", 1)] * QUESTIONS
    assert len(ran.notices) == 1


@pytest.mark.parametrize("reason", [*CUT_OFF_NAMES, "stop", ""])
@pytest.mark.parametrize("style", ["tags", "closed only", "field", "renamed field", "hidden"])
def test_cut_off_is_seen_under_any_finish_reason(style: str, reason: str, evaluate: Any) -> None:
    def rename(_: Asked, reply: Reply) -> Reply:
        return replace(reply, finish_reason=reason) if reply.finish_reason == "length" else reply

    with serve(style, change=rename) as server:
        ran = evaluate(server)
    assert ran.answers == ["B"] * QUESTIONS
    assert len(ran.notices) == 1


@pytest.mark.parametrize("reason", ["stop", ""])
@pytest.mark.parametrize("style", ["tags", "closed only", "field"])
def test_server_that_counts_no_tokens_is_read(style: str, reason: str, evaluate: Any) -> None:
    with serve(style, change=lambda _, reply: replace(reply, finish_reason=reason, tokens=0)) as server:
        ran = evaluate(server)
    assert ran.answers == ["B"] * QUESTIONS
    assert len(ran.notices) == 1


@pytest.mark.parametrize("style", ["tags", "field", "renamed field", "parts", "hidden", "headings"])
def test_model_that_thinks_later_gets_tokens(style: str, evaluate: Any) -> None:
    first: list[str] = []

    def thinks_later(asked: Asked, reply: Reply) -> Reply:
        if len(first) < 2 and asked.question not in first:
            first.append(asked.question)
        return Reply("The answer is B.") if asked.question in first else reply

    with serve(style, change=thinks_later) as server:
        ran = evaluate(server, concurrency=1)
    assert ran.answers == ["B"] * QUESTIONS
    assert [outcome.votes[0].calls for outcome in ran.outcomes] == [1, 1, 2, 2, 2, 2]


@pytest.mark.parametrize("max_tokens", [None, 32])
def test_unknown_marks_show_by_another_letter(max_tokens: int | None, evaluate: Any, make_program: Make) -> None:
    program = make_program(decode=FIXED_LIMIT) if max_tokens else make_program()
    with serve() as server:
        server.style = Style("~~~begin~~~ ", " ~~~done~~~ ")
        ran = evaluate(server, program, on_unparsed="skip")
    assert ran.answers == [None if max_tokens else "B"] * QUESTIONS
    (notice,) = ran.notices
    assert "another letter after 32 tokens" in notice


@pytest.mark.parametrize("style", STYLES)
def test_endless_thoughts_give_no_letter(style: str, evaluate: Any) -> None:
    with serve(style, never_ends=True) as server:
        ran = evaluate(server, on_unparsed="skip")
    assert ran.answers == [None] * QUESTIONS
    assert [outcome.votes[0].rule for outcome in ran.outcomes] == ["truncated"] * QUESTIONS
    assert len(ran.notices) == 1


@pytest.mark.parametrize("style", STYLES)
def test_endless_thoughts_are_closed_with_a_letter(style: str, evaluate: Any) -> None:
    with serve(style, never_ends=True) as server:
        ran = evaluate(server, on_unparsed="constrain")
    assert ran.answers == ["B"] * QUESTIONS
    assert {outcome.votes[0].method for outcome in ran.outcomes} == {"constrained"}
    assert {outcome.votes[0].finish_reason for outcome in ran.outcomes} == {"length"}


@pytest.mark.parametrize("refused", ["continue_final_message", "chat_template_kwargs", "structured_outputs"])
@pytest.mark.parametrize("style", ["tags", "field"])
def test_letter_is_constrained_with_a_refused_field(style: str, refused: str, evaluate: Any) -> None:
    def refuse(asked: Asked, reply: Reply) -> Reply:
        named = Reply(f"Unrecognized request argument supplied: {refused}", status=400)
        return named if refused in asked.body else reply

    with serve(style, never_ends=True, change=refuse) as server:
        ran = evaluate(server, on_unparsed="constrain")
    assert [outcome.error for outcome in ran.outcomes] == [None] * QUESTIONS
    assert ran.answers == ["B"] * QUESTIONS


@pytest.mark.parametrize("style", ["tags", "closed only", "field"])
@pytest.mark.parametrize("obeys", [True, False])
def test_thinking_off_is_checked(style: str, obeys: bool, evaluate: Any, make_program: Make) -> None:
    program = make_program(decode=SamplingParams(max_tokens=32, thinking="off"))
    with serve(style, obeys=obeys) as server:
        ran = evaluate(server, program)
        assert set(limits(server)) == {32} if obeys else THINKING_LIMIT in limits(server)
    assert ran.answers == ["B"] * QUESTIONS
    assert ["still thinks after --thinking off" in note for note in ran.notices] == ([] if obeys else [True, False])


@pytest.mark.parametrize("style", ["tags", "closed only", "field", "hidden"])
def test_limit_of_the_user_counts_no_cut_off_letter(style: str, evaluate: Any, make_program: Make) -> None:
    with serve(style) as server:
        ran = evaluate(server, make_program(decode=FIXED_LIMIT), on_unparsed="skip")
    assert ran.answers == [None] * QUESTIONS
    (notice,) = ran.notices
    assert "--max-tokens 32 cuts off 2 of 2" in notice


def test_model_that_does_not_think_is_asked_once(evaluate: Any) -> None:
    with serve(thinks=False) as server:
        ran = evaluate(server)
    assert (ran.answers, ran.calls, ran.notices) == (["B"] * QUESTIONS, QUESTIONS, [])


@pytest.mark.parametrize("usage", [{}, {"tokens": 0}])
def test_unknown_reasoning_tokens_stay_unknown(usage: Mapping[str, Any], evaluate: Any) -> None:
    with serve("field", change=lambda _, reply: replace(reply, **usage)) as server:
        ran = evaluate(server)
    assert {vote.reasoning_tokens for outcome in ran.outcomes for vote in outcome.votes} == {None}


def test_letter_in_a_cut_off_closing_does_not_count(evaluate: Any) -> None:
    def ignore_constraint(asked: Asked, reply: Reply) -> Reply:
        if len(asked.prompt) <= 2:
            return Reply("I cannot say.")
        cut_off = asked.body["max_tokens"] < 100
        return Reply("At first the answer is A. But", "length") if cut_off else Reply("So the answer is B.")

    with serve(change=ignore_constraint) as server:
        ran = evaluate(server, on_unparsed="constrain")
    assert [(outcome.answer, outcome.votes[0].calls) for outcome in ran.outcomes] == [("B", 3)] * QUESTIONS
