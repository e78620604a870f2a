"""OpenMedLM: the best prompt program for an open-source language model on medical question answering.

What stands in `__all__` is the public API; each name is imported when it is first used, since some bring DSPy along.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "data": ("BENCHMARKS", "BadInput", "Question", "import_questions", "load_split"),
    "metrics": (
        "Outcome",
        "Reading",
        "Summary",
        "Vote",
        "difference_interval",
        "majority",
        "mcnemar",
        "minimum_detectable_effect",
        "paired",
        "read_answer",
        "summarise",
        "wilson_interval",
    ),
    "programs": ("CHAT", "PLAIN", "Decode", "Exemplar", "PromptProgram", "Template", "exemplar_from_explanation"),
    "programs.frozen": ("FrozenProgram", "load_program", "verify_program"),
    "programs.engine": ("Engine", "Policy", "VoteStore", "connect", "find_endpoint", "open_client"),
    "programs.strategies": (
        "AnswerQuestion",
        "CoT",
        "Ensemble",
        "FewShot",
        "FewShotCoT",
        "KNNCoT",
        "KNNFewShot",
        "ZeroShot",
        "demos_of",
        "module_of",
    ),
    "optimizers": ("LADDER", "Choices"),
    "optimizers.build": ("build",),
    "optimizers.majority": ("MajorityVote",),
    "optimizers.nearest_few_shot": ("NearestFewShot",),
    "optimizers.random_few_shot": ("RandomFewShot",),
    "optimizers.tuning.configuration": ("Configuration",),
    "optimizers.tuning.racing": ("RacingPruner",),
    "optimizers.tuning.space": ("Space", "Span"),
    "optimizers.tuning.tune_strategy": ("TuneStrategy",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
