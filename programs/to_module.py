"""Conversions to DSPy modules: from a prompt program, and from a strategy to its retrieving variant."""

from dataclasses import replace

import dspy

from openmedlm.programs.convert import to_demo
from openmedlm.programs.cot import CoT
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.few_shot import FewShot
from openmedlm.programs.few_shot_cot import FewShotCoT
from openmedlm.programs.knn_cot import KNNCoT
from openmedlm.programs.knn_few_shot import KNNPredict
from openmedlm.programs.knn_strategy import KNNStrategy
from openmedlm.programs.prompt_program import FixedExemplars, PromptProgram
from openmedlm.programs.retrieval.knn_exemplars import KNNExemplars
from openmedlm.programs.signature import MultipleChoiceQA
from openmedlm.programs.strategy import Strategy
from openmedlm.programs.zero_shot import ZeroShot

STRATEGY_CLASSES: dict[str, type[Strategy]] = {
    strategy.strategy_name: strategy for strategy in (ZeroShot, FewShot, CoT, FewShotCoT, KNNPredict, KNNCoT)
}
"""Module class of each single-answer strategy, by its name. An ensemble counts votes of any of them."""


def to_module(program: PromptProgram) -> Strategy | MajorityEnsemble:
    """Return the DSPy module of a prompt program, such as a frozen one: the reverse of `prompt_program()`."""
    if program.member is not None:
        member = to_module(replace(program, strategy=program.member, member=None, votes=1, shuffle=False))
        assert isinstance(member, Strategy), "the member of an ensemble gives one answer"
        return MajorityEnsemble(member, program.votes, program.shuffle, program.decode, program.seed)
    strategy = STRATEGY_CLASSES[program.strategy](program.template, program.decode, program.seed)
    strategy.predictor.signature = strategy.predictor.signature.with_instructions(program.instructions)
    if isinstance(strategy, KNNStrategy) and isinstance(program.exemplars, KNNExemplars):
        strategy.nearest = program.exemplars
    elif isinstance(program.exemplars, FixedExemplars):
        strategy.show(program.exemplars.exemplars)
    strategy._compiled = True
    return strategy


def as_knn(student: Strategy) -> KNNStrategy:
    """Return an uncompiled copy of a strategy that retrieves its exemplars.

    The copy keeps the signature, template, sampling parameters and seed. It has neither fixed exemplars nor a pool.

    Args:
        student: Any single-answer strategy. A `KNNStrategy` keeps its class; another strategy becomes a `KNNCoT` if
            it reasons, else a `KNNPredict`.

    Example:
        >>> as_knn(CoT(seed=7)).seed
        7
    """
    if isinstance(student, KNNStrategy):
        retriever: KNNStrategy = student.reset_copy()
        retriever._compiled = False
        return retriever
    retriever = (KNNCoT if student.reasoning else KNNPredict)(student.template, student.decode, student.seed)
    retriever.predictor.signature = student.predictor.signature
    return retriever


def to_stock_module(program: PromptProgram) -> dspy.Module:
    """Return a stock `dspy.Predict` or `dspy.ChainOfThought` with the program's instructions and exemplars.

    The configured DSPy adapter renders them. The module gives one answer.

    Raises:
        ValueError: The program retrieves, and no stock DSPy module stores a pool.
    """
    if not isinstance(program.exemplars, FixedExemplars):
        raise ValueError(f"no stock DSPy module stores the pool of {program.strategy}. Use to_module instead.")
    module = (dspy.ChainOfThought if program.reasoning else dspy.Predict)(MultipleChoiceQA)
    (predictor,) = module.predictors()
    predictor.signature = predictor.signature.with_instructions(program.instructions)
    predictor.demos = [to_demo(exemplar) for exemplar in program.exemplars.exemplars]
    return module
