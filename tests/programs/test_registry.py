"""Names of strategies: they follow from what the prompts show."""

from collections.abc import Callable
from typing import Any

import dspy
import pytest

from openmedlm.data import Question
from openmedlm.programs import Exemplar
from openmedlm.programs.convert import to_demos
from openmedlm.programs.cot import CoT
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.few_shot import FewShot
from openmedlm.programs.few_shot_cot import FewShotCoT
from openmedlm.programs.registry import SINGLE_STRATEGIES, STRATEGIES, WITHOUT_EXEMPLARS
from openmedlm.programs.strategy import Strategy
from openmedlm.programs.to_module import STRATEGY_CLASSES
from openmedlm.programs.zero_shot import ZeroShot

Load = Callable[[str, str], list[Question]]


def test_registry_lists_strategies_in_table_order() -> None:
    assert STRATEGIES == ("zero-shot", "few-shot", "cot", "few-shot-cot", "knn-few-shot", "knn-cot", "ensemble")
    assert tuple(STRATEGY_CLASSES) == SINGLE_STRATEGIES


@pytest.mark.parametrize("module", [ZeroShot, FewShot, CoT, FewShotCoT])
def test_name_without_exemplars_is_a_zero_shot_one(module: type[Strategy]) -> None:
    assert module().name == module().prompt_program().strategy == ("cot" if module().reasoning else "zero-shot")


@pytest.mark.parametrize("module", [ZeroShot, FewShot, CoT, FewShotCoT])
def test_name_with_fixed_exemplars_is_a_few_shot_one(module: type[Strategy], sample: Load) -> None:
    program = module()
    program.show([Exemplar(question, "Because.") for question in sample("mmlu", "pool")[:2]])
    assert program.name == ("few-shot-cot" if program.reasoning else "few-shot")
    assert program.prompt_program().strategy == program.name


def test_name_follows_exemplars_of_stock_optimizers(sample: Load) -> None:
    compiled = dspy.LabeledFewShot(k=3).compile(ZeroShot(), trainset=to_demos(sample("mmlu", "pool")))
    assert compiled.prompt_program().strategy == "few-shot"


@pytest.mark.parametrize("name", SINGLE_STRATEGIES)
def test_name_of_a_compiled_program_is_the_declared_one(name: str, ready: Callable[..., Any]) -> None:
    program = ready(name, "mmlu")
    assert program.name == program.strategy_name == program.prompt_program().strategy == name


def test_ensemble_names_its_member_by_its_exemplars(sample: Load) -> None:
    member = ZeroShot()
    member.show([Exemplar(question) for question in sample("mmlu", "pool")[:2]])
    program = MajorityEnsemble(member).prompt_program()
    assert (program.strategy, program.member) == ("ensemble", "few-shot")


def test_strategies_without_exemplars_have_empty_prompts(ready: Callable[..., Any]) -> None:
    for name in WITHOUT_EXEMPLARS:
        assert ready(name, "mmlu").exemplars.describe()["ids"] == []
