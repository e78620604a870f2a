"""Strategies in plain DSPy under a language model that thinks."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import dspy
import pytest
from thinking_server import STYLES, ThinkingServer

from openmedlm.data import Question
from openmedlm.programs.cot import CoT
from openmedlm.programs.final_answer import visible_reasoning
from openmedlm.programs.zero_shot import ZeroShot

MARKED = [name for name in STYLES if name not in ("closed only", "parts")]
"""Styles that DSPy passes on, and whose start is seen to be thoughts."""


@pytest.mark.parametrize("style", MARKED)
@pytest.mark.parametrize("program", [ZeroShot, CoT])
def test_strategy_answers_under_a_thinking_lm(
    program: type[ZeroShot | CoT], style: str, make_question: Callable[..., Question]
) -> None:
    question = make_question()
    with ThinkingServer(style=style, thought_words=600, answer=lambda _: "B") as server:
        lm = dspy.LM("openai/x", api_base=server.base_url, api_key="x", cache=False, num_retries=0)
        with dspy.context(lm=lm):
            prediction = program()(question=question.question, options=question.options)
        limits = [body.get("max_tokens") or body["max_completion_tokens"] for body in server.bodies]
    assert prediction.answer == "B"
    assert len(limits) == 2
    assert limits[1] == limits[0] + 8192


def test_fixed_token_limit_is_not_raised(make_question: Callable[..., Question]) -> None:
    question, program = make_question(), ZeroShot()
    program.decode = replace(program.decode, thinking_tokens=0)
    with ThinkingServer(style="tags", thought_words=600, answer=lambda _: "B") as server:
        lm = dspy.LM("openai/x", api_base=server.base_url, api_key="x", cache=False, num_retries=0)
        with dspy.context(lm=lm):
            prediction = asyncio.run(program.acall(question=question.question, options=question.options))
    assert (prediction.answer, len(server.requests)) == (None, 1)


@pytest.mark.parametrize(
    ("text", "thoughts", "expected"),
    [
        ("<think>Not A.</think>The heart pumps. Answer: B", "", "The heart pumps. Answer: B"),
        ("<think>Not A.</think>Answer: B", "", "Not A."),
        ("Answer: B", "Not A.", "Not A."),
        ("The heart pumps. Answer: B", "", "The heart pumps. Answer: B"),
    ],
)
def test_visible_reasoning_prefers_the_answer(text: str, thoughts: str, expected: str) -> None:
    assert visible_reasoning(text, thoughts) == expected
