"""The strategies, the form of them that runs, and how it is run against models.

The DSPy modules stand in `openmedlm.programs`; nothing else here imports DSPy.
"""

from openmedlm.programs.exemplar import Exemplar, exemplar_from_explanation
from openmedlm.programs.prompt_program import ExemplarSource, FixedExemplars, PromptProgram, SamplePrompt
from openmedlm.programs.retrieval.knn_exemplars import KNNExemplars
from openmedlm.programs.sampling_params import SamplingParams
from openmedlm.programs.template import CHAT, PLAIN, TEMPLATES, Messages, Prompt, Template

__all__ = [
    "CHAT",
    "PLAIN",
    "TEMPLATES",
    "Exemplar",
    "ExemplarSource",
    "FixedExemplars",
    "KNNExemplars",
    "Messages",
    "Prompt",
    "PromptProgram",
    "SamplePrompt",
    "SamplingParams",
    "Template",
    "exemplar_from_explanation",
]
