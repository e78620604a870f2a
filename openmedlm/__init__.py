"""OpenMedLM: compile, tune and freeze the best prompt program for an open-source language model on medical questions.

`__all__` is the public Python API. Each name is imported when it is first used, so that `import openmedlm` takes no
longer than it must: some names import DSPy.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openmedlm.api.benchmark import BenchmarkData, load_benchmark
    from openmedlm.api.compare import ProgramComparison, compare
    from openmedlm.api.evaluate import EvaluationResult, evaluate
    from openmedlm.api.freeze import freeze
    from openmedlm.api.tune import TuneResult, tune
    from openmedlm.data.benchmarks import BENCHMARKS
    from openmedlm.data.import_questions import import_questions
    from openmedlm.data.load import load_split
    from openmedlm.data.question import Question
    from openmedlm.metrics.answer_parsing.parsed_answer import ParsedAnswer
    from openmedlm.metrics.answer_parsing.parser import parse_answer
    from openmedlm.metrics.exact_match import exact_match
    from openmedlm.metrics.intervals import Interval, wilson_interval
    from openmedlm.metrics.outcome import Outcome, Vote
    from openmedlm.metrics.paired_tests import difference_interval, mcnemar, minimum_detectable_effect
    from openmedlm.metrics.summary import Summary, summarise
    from openmedlm.optimizers.knn_few_shot import KNNFewShot
    from openmedlm.optimizers.majority_vote import MajorityVote
    from openmedlm.optimizers.random_few_shot import RandomFewShot
    from openmedlm.optimizers.search.racing_pruner import RacingPruner
    from openmedlm.optimizers.tune_strategy import TuneStrategy
    from openmedlm.programs.cot import CoT
    from openmedlm.programs.ensemble import MajorityEnsemble
    from openmedlm.programs.exemplar import Exemplar
    from openmedlm.programs.few_shot import FewShot
    from openmedlm.programs.few_shot_cot import FewShotCoT
    from openmedlm.programs.frozen.load import FrozenProgram, InvalidProgram, load_program
    from openmedlm.programs.frozen.verify import verify_program
    from openmedlm.programs.knn_cot import KNNCoT
    from openmedlm.programs.knn_few_shot import KNNPredict
    from openmedlm.programs.prompt_program import PromptProgram
    from openmedlm.programs.sampling_params import SamplingParams
    from openmedlm.programs.signature import MultipleChoiceQA
    from openmedlm.programs.template import Template
    from openmedlm.programs.zero_shot import ZeroShot
    from openmedlm.runs.execute import ProgramResult
    from openmedlm.utils.errors import UserError

__all__ = [
    "BENCHMARKS",
    "BenchmarkData",
    "CoT",
    "EvaluationResult",
    "Exemplar",
    "FewShot",
    "FewShotCoT",
    "FrozenProgram",
    "Interval",
    "InvalidProgram",
    "KNNCoT",
    "KNNFewShot",
    "KNNPredict",
    "MajorityEnsemble",
    "MajorityVote",
    "MultipleChoiceQA",
    "Outcome",
    "ParsedAnswer",
    "ProgramComparison",
    "ProgramResult",
    "PromptProgram",
    "Question",
    "RacingPruner",
    "RandomFewShot",
    "SamplingParams",
    "Summary",
    "Template",
    "TuneResult",
    "TuneStrategy",
    "UserError",
    "Vote",
    "ZeroShot",
    "__version__",
    "compare",
    "difference_interval",
    "evaluate",
    "exact_match",
    "freeze",
    "import_questions",
    "load_benchmark",
    "load_program",
    "load_split",
    "mcnemar",
    "minimum_detectable_effect",
    "parse_answer",
    "summarise",
    "tune",
    "verify_program",
    "wilson_interval",
]

_HOME = {
    "BENCHMARKS": "data.benchmarks",
    "BenchmarkData": "api.benchmark",
    "CoT": "programs.cot",
    "EvaluationResult": "api.evaluate",
    "Exemplar": "programs.exemplar",
    "FewShot": "programs.few_shot",
    "FewShotCoT": "programs.few_shot_cot",
    "FrozenProgram": "programs.frozen.load",
    "Interval": "metrics.intervals",
    "InvalidProgram": "programs.frozen.load",
    "KNNCoT": "programs.knn_cot",
    "KNNFewShot": "optimizers.knn_few_shot",
    "KNNPredict": "programs.knn_few_shot",
    "MajorityEnsemble": "programs.ensemble",
    "MajorityVote": "optimizers.majority_vote",
    "MultipleChoiceQA": "programs.signature",
    "Outcome": "metrics.outcome",
    "ParsedAnswer": "metrics.answer_parsing.parsed_answer",
    "ProgramComparison": "api.compare",
    "ProgramResult": "runs.execute",
    "PromptProgram": "programs.prompt_program",
    "Question": "data.question",
    "RacingPruner": "optimizers.search.racing_pruner",
    "RandomFewShot": "optimizers.random_few_shot",
    "SamplingParams": "programs.sampling_params",
    "Summary": "metrics.summary",
    "Template": "programs.template",
    "TuneResult": "api.tune",
    "TuneStrategy": "optimizers.tune_strategy",
    "UserError": "utils.errors",
    "Vote": "metrics.outcome",
    "ZeroShot": "programs.zero_shot",
    "compare": "api.compare",
    "difference_interval": "metrics.paired_tests",
    "evaluate": "api.evaluate",
    "exact_match": "metrics.exact_match",
    "freeze": "api.freeze",
    "import_questions": "data.import_questions",
    "load_benchmark": "api.benchmark",
    "load_program": "programs.frozen.load",
    "load_split": "data.load",
    "mcnemar": "metrics.paired_tests",
    "minimum_detectable_effect": "metrics.paired_tests",
    "parse_answer": "metrics.answer_parsing.parser",
    "summarise": "metrics.summary",
    "tune": "api.tune",
    "verify_program": "programs.frozen.verify",
    "wilson_interval": "metrics.intervals",
}
"""Module of each public name."""

if TYPE_CHECKING:
    __version__: str
else:  # type checkers would take every unknown name for an `Any`

    def __getattr__(name):
        from importlib import import_module, metadata

        if name == "__version__":
            return metadata.version("openmedlm")
        if name not in _HOME:
            raise AttributeError(f"module 'openmedlm' has no attribute {name!r}")
        return getattr(import_module(f"openmedlm.{_HOME[name]}"), name)

    def __dir__():
        return [*__all__]
