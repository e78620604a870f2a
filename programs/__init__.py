"""Prompt programs: DSPy modules of the strategies, and their compiled form that renders prompts without DSPy.

The modules (`ZeroShot` … `MajorityEnsemble`), their signature and their conversions import DSPy on first use. All other
names come without DSPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from openmedlm.programs.exemplar import Exemplar, exemplar_from_explanation, to_exemplars
from openmedlm.programs.prompt_program import ExemplarSource, FixedExemplars, PromptProgram, SamplePrompt
from openmedlm.programs.registry import STRATEGIES, WITHOUT_EXEMPLARS
from openmedlm.programs.retrieval.knn_exemplars import KNNExemplars
from openmedlm.programs.retrieved import RetrievedExemplars
from openmedlm.programs.sampling_params import SamplingParams
from openmedlm.programs.template import CHAT, PLAIN, TEMPLATES, Messages, Prompt, Template

if TYPE_CHECKING:
    from openmedlm.programs.convert import to_demo, to_demos
    from openmedlm.programs.cot import CoT
    from openmedlm.programs.ensemble import MajorityEnsemble
    from openmedlm.programs.few_shot import FewShot
    from openmedlm.programs.few_shot_cot import FewShotCoT
    from openmedlm.programs.knn_cot import KNNCoT
    from openmedlm.programs.knn_few_shot import KNNPredict
    from openmedlm.programs.knn_strategy import KNNStrategy
    from openmedlm.programs.signature import MultipleChoiceQA
    from openmedlm.programs.strategy import Strategy
    from openmedlm.programs.to_module import as_knn
    from openmedlm.programs.zero_shot import ZeroShot

__all__ = [
    "CHAT",
    "PLAIN",
    "STRATEGIES",
    "TEMPLATES",
    "WITHOUT_EXEMPLARS",
    "CoT",
    "Exemplar",
    "ExemplarSource",
    "FewShot",
    "FewShotCoT",
    "FixedExemplars",
    "KNNCoT",
    "KNNExemplars",
    "KNNPredict",
    "KNNStrategy",
    "MajorityEnsemble",
    "Messages",
    "MultipleChoiceQA",
    "Prompt",
    "PromptProgram",
    "RetrievedExemplars",
    "SamplePrompt",
    "SamplingParams",
    "Strategy",
    "Template",
    "ZeroShot",
    "as_knn",
    "exemplar_from_explanation",
    "to_demo",
    "to_demos",
    "to_exemplars",
]

if not TYPE_CHECKING:  # a visible __getattr__ would make every unknown name an Any
    _LAZY = {
        "CoT": "cot",
        "FewShot": "few_shot",
        "FewShotCoT": "few_shot_cot",
        "KNNCoT": "knn_cot",
        "KNNPredict": "knn_few_shot",
        "KNNStrategy": "knn_strategy",
        "MajorityEnsemble": "ensemble",
        "MultipleChoiceQA": "signature",
        "Strategy": "strategy",
        "ZeroShot": "zero_shot",
        "as_knn": "to_module",
        "to_demo": "convert",
        "to_demos": "convert",
    }

    def __getattr__(name):
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)

    def __dir__():
        return sorted({*globals(), *__all__})
