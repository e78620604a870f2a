"""The strategies, the form of them that runs, and how it is run against models.

The DSPy modules stand in `openmedlm.programs`; nothing else here imports DSPy.
"""

from openmedlm.programs.exemplar import Exemplar, exemplar_from_explanation
from openmedlm.programs.prompt_program import Ballot, ExemplarSource, FixedExemplars, PromptProgram
from openmedlm.programs.retrieval.knn_exemplars import NearestExemplars
from openmedlm.programs.sampling_params import Decode
from openmedlm.programs.template import CHAT, PLAIN, TEMPLATES, Messages, Prompt, Template

__all__ = [
    "CHAT",
    "PLAIN",
    "TEMPLATES",
    "Ballot",
    "Decode",
    "Exemplar",
    "ExemplarSource",
    "FixedExemplars",
    "Messages",
    "NearestExemplars",
    "Prompt",
    "PromptProgram",
    "Template",
    "exemplar_from_explanation",
]
