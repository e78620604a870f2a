import dspy
import pytest
from model_server import ModelServer
from student import Student

from openmedlm.data import load_split
from openmedlm.optimizers.search.space import Space
from openmedlm.optimizers.tune_strategy import TuneStrategy
from openmedlm.programs.convert import to_demos
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.template import CHAT_USER
from openmedlm.programs.zero_shot import ZeroShot

POOL = to_demos(load_split("mmlu", "pool", "sample"))
DEV = to_demos(load_split("mmlu", "dev", "sample"))


@pytest.fixture
def lm(tmp_path: object) -> dspy.LM:
    with ModelServer() as server:
        server.reply = Student(load_split("mmlu", "dev", "sample"), bare=0.2, taught=1.0)
        lm = dspy.LM("openai/small", api_base=server.base_url, api_key="none")
        with dspy.context(lm=lm):
            yield lm


def test_the_search_runs_in_plain_dspy_and_gives_the_best_module(lm: dspy.LM) -> None:
    space = Space(strategy=("zero-shot", "few-shot", "cot"), k=(5,), votes=(1, 3), instructions=("default",))
    student = ZeroShot(CHAT_USER)
    best = TuneStrategy(space, trials=8, seed=1).compile(student, trainset=POOL, valset=DEV)
    member = best.member if isinstance(best, MajorityEnsemble) else best
    assert member.name == "few-shot"
    assert member.template == CHAT_USER
    assert len(best.study.trials) == 8
    assert best(question=DEV[0].question, options=DEV[0].options).answer in "ABCD"


def test_strategies_that_the_pool_can_not_serve_are_left_out(lm: dspy.LM) -> None:
    bare = [example.without("reasoning") for example in POOL]
    space = Space(strategy=("zero-shot", "few-shot-cot"), k=(2,), votes=(1,), instructions=("default",))
    best = TuneStrategy(space, trials=2).compile(ZeroShot(), trainset=bare, valset=DEV)
    assert best.name == "zero-shot"
