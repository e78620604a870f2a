"""Every strategy on every benchmark: DSPy sends exactly the prompts that the prompt program renders."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import dspy
import orjson
import pytest

from openmedlm.data import BENCHMARKS, Question
from openmedlm.programs import CHAT, PLAIN, TEMPLATES, PromptProgram, Template
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.strategy import Strategy
from openmedlm.programs.to_module import STRATEGY_CLASSES

NAMES = (*STRATEGY_CLASSES, MajorityEnsemble.name)
EXEMPLARS = {"zero-shot": 0, "cot": 0}
SHOWN = 3

Ready = Callable[..., Strategy | MajorityEnsemble]
Load = Callable[[str, str], list[Question]]


def ask(program: Strategy | MajorityEnsemble, question: Question) -> dspy.Prediction:
    return program(question=question.question, options=question.options, context=list(question.context) or None)


def rendered(program: PromptProgram, question: Question) -> list[Any]:
    (selection,) = program.exemplars.choose([question])
    return [sample_prompt.prompt for sample_prompt in program.sample_prompts(question, selection.exemplars)]


def canonical(prompts: list[Any]) -> list[bytes]:
    """Return the prompts as sorted bytes, since an ensemble's votes are sent concurrently."""
    return sorted(orjson.dumps(prompt) for prompt in prompts)


@pytest.mark.parametrize("benchmark", BENCHMARKS)
@pytest.mark.parametrize("name", NAMES)
def test_dspy_sends_the_rendered_messages(
    name: str, benchmark: str, ready: Ready, sample: Load, server: Any, lm: dspy.LM
) -> None:
    strategy = ready(name, benchmark)
    program = strategy.prompt_program()
    for question in sample(benchmark, "dev")[:3]:
        server.requests.clear()
        prediction = ask(strategy, question)
        assert canonical([asked.prompt for asked in server.requests]) == canonical(rendered(program, question))
        assert len(server.requests) == program.votes
        assert len(server.requests[0].prompt) == 2 + 2 * EXEMPLARS.get(name, SHOWN)
        assert prediction.answer in question.options


@pytest.mark.parametrize("name", NAMES)
def test_awaited_dspy_sends_the_rendered_messages(
    name: str, ready: Ready, sample: Load, server: Any, lm: dspy.LM
) -> None:
    strategy, question = ready(name, "mmlu"), sample("mmlu", "dev")[0]
    prediction = asyncio.run(strategy.acall(question=question.question, options=question.options))
    sent = [asked.prompt for asked in server.requests]
    assert canonical(sent) == canonical(rendered(strategy.prompt_program(), question))
    assert prediction.answer in question.options


@pytest.mark.parametrize("name", NAMES)
def test_dspy_sends_a_plain_prompt_as_one_message(
    name: str, ready: Ready, sample: Load, server: Any, lm: dspy.LM
) -> None:
    strategy = ready(name, "pubmedqa", PLAIN)
    question = sample("pubmedqa", "dev")[0]
    ask(strategy, question)
    sent = [message["content"] for asked in server.requests for message in asked.prompt]
    assert sorted(sent) == sorted(rendered(strategy.prompt_program(), question))


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
@pytest.mark.parametrize("name", NAMES)
def test_dspy_sends_the_sampling_params(
    name: str, template: Template, ready: Ready, sample: Load, server: Any, lm: dspy.LM
) -> None:
    strategy = ready(name, "medqa", template)
    question = sample("medqa", "dev")[0]
    ask(strategy, question)
    program = strategy.prompt_program()
    seeds = {None} if program.decode.greedy else {program.sampling_seed(question, n) for n in range(program.votes)}
    assert {body.get("seed") for body in server.bodies} == seeds
    for body in server.bodies:
        assert body["temperature"] == program.decode.temperature
        assert body.get("top_p") == program.decode.top_p
        assert body.get("stop", []) == list(program.decode.stop)
        assert body["max_completion_tokens"] == program.decode.max_tokens
        assert "rollout_id" not in body


@pytest.mark.parametrize("name", NAMES)
def test_context_is_a_text_paragraphs_or_missing(
    name: str, ready: Ready, sample: Load, server: Any, lm: dspy.LM
) -> None:
    strategy, question = ready(name, "medmcqa"), sample("medmcqa", "dev")[0]
    fields: Mapping[str, Any] = {"question": question.question, "options": question.options}
    starts = []
    for context in ({}, {"context": None}, {"context": []}, {"context": "One."}, {"context": ["One.", "Two."]}):
        server.requests.clear()
        strategy(**fields, **context)
        starts.append({asked.question.partition("Question: ")[0] for asked in server.requests})
    assert starts == [{""}, {""}, {""}, {"One.\n\n"}, {"One.\nTwo.\n\n"}]


@pytest.mark.parametrize("name", NAMES)
def test_prediction_has_the_declared_fields(
    name: str, ready: Ready, sample: Load, server: Any, lm: dspy.LM, make_reply: Any
) -> None:
    server.reply = lambda asked: make_reply("It pumps.\n\nAnswer: A")
    strategy, question = ready(name, "mmlu"), sample("mmlu", "dev")[0]
    prediction = ask(strategy, question)
    assert prediction.answer in question.options
    reasons = strategy.prompt_program().reasoning
    assert reasons == (name in ("cot", "few-shot-cot", "knn-cot", "ensemble"))
    assert prediction.get("reasoning") == ("It pumps." if reasons else None)
    assert ("votes" in prediction) == (name == "ensemble")


@pytest.mark.parametrize("name", NAMES)
def test_stock_evaluate_scores_a_strategy(
    name: str, ready: Ready, sample: Load, server: Any, lm: dspy.LM, make_reply: Any
) -> None:
    """The server knows the correct text, so every shuffle must be undone to score 100 %."""
    questions = sample("mmlu", "dev")
    golds = {question.question: question.options[question.answer] for question in questions}

    def right_letter(asked: Any) -> Any:
        stem, *lines = asked.question.removeprefix("Question: ").split("\n")
        (letter,) = (line[0] for line in lines if line[3:] == golds[stem])
        return make_reply(letter)

    server.reply = right_letter
    devset = [
        dspy.Example(question=q.question, options=dict(q.options), answer=q.answer).with_inputs("question", "options")
        for q in questions
    ]
    evaluate = dspy.Evaluate(
        devset=devset,
        metric=lambda example, prediction, trace=None: example.answer == prediction.answer,
        num_threads=2,
        display_progress=False,
    )
    assert evaluate(ready(name, "mmlu")).score == 100.0
    assert len(server.requests) == len(questions) * (3 if name == "ensemble" else 1)


def test_every_strategy_name_has_a_class() -> None:
    assert NAMES == ("zero-shot", "few-shot", "cot", "few-shot-cot", "knn-few-shot", "knn-cot", "ensemble")
    assert all(strategy.strategy_name == name for name, strategy in STRATEGY_CLASSES.items())


def test_default_template_is_chat() -> None:
    assert STRATEGY_CLASSES["zero-shot"]().adapter.template is CHAT
