"""OpenMedLM: the best prompt program for an open-source language model on medical question answering.

What stands in `__all__` is the public API; each name is imported when it is first used, since some bring DSPy along.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "openmedlm.data": ("BENCHMARKS", "UserError", "Question", "import_questions", "load_split"),
    "openmedlm.metrics": (
        "Outcome",
        "ParsedAnswer",
        "Summary",
        "Vote",
        "difference_interval",
        "majority",
        "mcnemar",
        "minimum_detectable_effect",
        "paired_counts",
        "parse_answer",
        "summarise",
        "wilson_interval",
    ),
    "openmedlm.programs.prompt_program": ("PromptProgram",),
    "openmedlm.programs.template": ("CHAT", "PLAIN", "Template"),
    "openmedlm.programs.sampling_params": ("SamplingParams",),
    "openmedlm.programs.exemplar": ("Exemplar", "exemplar_from_explanation"),
    "openmedlm.programs.frozen": ("FrozenProgram", "load_program", "verify_program"),
    "openmedlm.inference": ("Engine", "Policy", "CompletionCache", "connect", "find_endpoint", "open_client"),
    "openmedlm.programs.signature": ("MultipleChoiceQA",),
    "openmedlm.programs.cot": ("CoT",),
    "openmedlm.programs.ensemble": ("MajorityEnsemble",),
    "openmedlm.programs.few_shot": ("FewShot",),
    "openmedlm.programs.few_shot_cot": ("FewShotCoT",),
    "openmedlm.programs.knn_cot": ("KNNCoT",),
    "openmedlm.programs.knn_few_shot": ("KNNPredict",),
    "openmedlm.programs.zero_shot": ("ZeroShot",),
    "openmedlm.programs.convert": ("to_demos",),
    "openmedlm.programs.to_module": ("to_module",),
    "openmedlm.optimizers": ("STRATEGIES", "ProgramConfig"),
    "openmedlm.optimizers.compile": ("build",),
    "openmedlm.optimizers.majority_vote": ("MajorityVote",),
    "openmedlm.optimizers.knn_few_shot": ("KNNFewShot",),
    "openmedlm.optimizers.random_few_shot": ("RandomFewShot",),
    "openmedlm.optimizers.search.trial_config": ("TrialConfig",),
    "openmedlm.optimizers.search.racing_pruner": ("RacingPruner",),
    "openmedlm.optimizers.search.space": ("Space", "Span"),
    "openmedlm.optimizers.tune_strategy": ("TuneStrategy",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
