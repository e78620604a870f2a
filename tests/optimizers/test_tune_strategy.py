"""The search as a DSPy optimizer."""

from collections.abc import Iterator
from typing import Any

import dspy
import pytest
from model_server import ModelServer, Reply
from student import Student
from thinking_server import ThinkingServer

from openmedlm.data import UserError, load_split
from openmedlm.optimizers import Space, TuneStrategy
from openmedlm.programs.convert import to_demos
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.sampling_params import SamplingParams
from openmedlm.programs.template import CHAT_USER
from openmedlm.programs.zero_shot import ZeroShot

POOL = to_demos(load_split("mmlu", "pool", "sample"))
DEV = to_demos(load_split("mmlu", "dev", "sample"))
SMALL = Space(strategy=("zero-shot", "cot"), votes=(1,), temperature=(0.0,), instructions=("default",))


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        running.reply = Student(load_split("mmlu", "dev", "sample"), bare=0.2, taught=1.0)
        yield running


@pytest.fixture
def lm(server: ModelServer) -> Iterator[dspy.LM]:
    model = dspy.LM("openai/small", api_base=server.base_url, api_key="none", cache=False, num_retries=0)
    with dspy.context(lm=model):
        yield model


def test_compile_returns_the_best_module_of_the_search(lm: dspy.LM) -> None:
    space = Space(strategy=("zero-shot", "few-shot", "cot"), k=(5,), votes=(1, 3), instructions=("default",))
    best = TuneStrategy(space, trials=8, seed=1).compile(ZeroShot(CHAT_USER), trainset=POOL, valset=DEV)
    member = best.member if isinstance(best, MajorityEnsemble) else best
    assert member.name == "few-shot"
    assert member.template == CHAT_USER
    assert len(best.study.trials) == 8
    assert best(question=DEV[0].question, options=DEV[0].options).answer in "ABCD"


def test_own_instructions_replace_those_of_the_space(lm: dspy.LM) -> None:
    student = ZeroShot()
    student.predictor.signature = student.predictor.signature.with_instructions("Pick the best option.")
    space = Space(strategy=("zero-shot",), votes=(1,), temperature=(0.0,), instructions=("physician", "short"))
    best = TuneStrategy(space, trials=2).compile(student, trainset=POOL, valset=DEV)
    assert best.predictor.signature.instructions == "Pick the best option."


def test_strategies_without_rationales_in_the_pool_are_skipped(lm: dspy.LM) -> None:
    bare = [example.without("reasoning") for example in POOL]
    space = Space(strategy=("zero-shot", "few-shot-cot"), k=(2,), votes=(1,), instructions=("default",))
    best = TuneStrategy(space, trials=2).compile(ZeroShot(), trainset=bare, valset=DEV)
    assert best.name == "zero-shot"


def test_pool_that_serves_no_strategy_is_a_user_error(lm: dspy.LM) -> None:
    bare = [example.without("reasoning") for example in POOL]
    space = Space(strategy=("few-shot-cot",), k=(2,), votes=(1,), instructions=("default",))
    with pytest.raises(UserError, match="no strategy left"):
        TuneStrategy(space, trials=2).compile(ZeroShot(), trainset=bare, valset=DEV)


class Failing(dspy.BaseLM):  # type: ignore[misc, unused-ignore]
    """A language model that raises on every call."""

    def __init__(self) -> None:
        super().__init__("failing")

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise ConnectionError("no route to the model")


@pytest.mark.parametrize("size", [2, 12])
def test_lm_that_always_raises_is_a_user_error(size: int) -> None:
    with dspy.context(lm=Failing()), pytest.raises(UserError, match="no route to the model") as error:
        TuneStrategy(SMALL, trials=2).compile(ZeroShot(), trainset=POOL, valset=DEV[:size])
    assert "got no answer" in str(error.value)


def test_no_lm_at_all_is_a_user_error() -> None:
    with dspy.context(lm=None), pytest.raises(UserError, match=r"dspy\.configure"):
        TuneStrategy(SMALL, trials=2).compile(ZeroShot(), trainset=POOL, valset=DEV)


def test_one_failed_question_of_a_block_is_tolerated(server: ModelServer, lm: dspy.LM) -> None:
    student = Student(load_split("mmlu", "dev", "sample"))

    def reply(request: Any) -> Reply:
        return Reply("too long", status=400) if DEV[0].question in request.question else student(request)

    server.reply = reply
    best = TuneStrategy(SMALL, trials=2).compile(ZeroShot(), trainset=POOL, valset=DEV)
    assert best.name in ("zero-shot", "cot")


def test_instructions_and_max_tokens_of_the_student_are_kept(server: ModelServer, lm: dspy.LM) -> None:
    student = ZeroShot(decode=SamplingParams(max_tokens=77))
    student.predictor.signature = student.predictor.signature.with_instructions("Name the option.")
    best = TuneStrategy(SMALL, trials=2).compile(student, trainset=POOL, valset=DEV)
    program = best.prompt_program()
    assert (program.instructions, program.decode.max_tokens) == ("Name the option.", 77)
    assert all("Name the option." in str(request.prompt) for request in server.requests)


@pytest.mark.parametrize("valset", [None, DEV[:1]])
def test_too_small_valset_is_a_user_error(valset: Any) -> None:
    with pytest.raises(UserError, match="valset"):
        TuneStrategy(SMALL).compile(ZeroShot(), trainset=POOL, valset=valset)


def test_thinking_and_its_budget_are_searched() -> None:
    space = Space(
        strategy=("zero-shot",),
        votes=(1,),
        temperature=(0.0,),
        instructions=("default",),
        thinking=("off", "default"),
        thinking_tokens=(300, 900),
    )
    golds = {question.question: question for question in load_split("mmlu", "dev", "sample")}

    def answer(question: str) -> str:
        stem, *lines = question.split("\n")
        asked = golds[stem.removeprefix("Question: ")]
        return next(line[0] for line in lines if line[3:] == asked.options[asked.answer])

    with ThinkingServer("tags", 600, answer) as server:
        model = dspy.LM("openai/small", api_base=server.base_url, api_key="none", cache=False, num_retries=0)
        with dspy.context(lm=model):
            best = TuneStrategy(space, trials=8).compile(ZeroShot(), trainset=POOL, valset=DEV)
    points = {tuple(trial.params.values()): trial.value for trial in best.study.trials if trial.value is not None}
    assert points[("off",)] == points[("default", 900)] == 1.0
    assert points[("default", 300)] < 1.0
    limits = {body.get("max_tokens") or body["max_completion_tokens"] for body in server.bodies}
    assert limits == {32, 32 + 300, 32 + 900}
    assert best.prompt_program().decode.thinking == "off"  # as accurate, and cheaper
