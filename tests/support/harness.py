"""lm-evaluation-harness without its own tasks and without facts about the machine.

Reading the 13,000 files of its tasks takes most of the time of a command; it has nothing to do with ours.
"""

from functools import partialmethod

from lm_eval import evaluator
from lm_eval.__main__ import cli_evaluate
from lm_eval.tasks import TaskManager

MODULES = ("datasets", "lm_eval.loggers", "lm_eval.models.openai_completions", "torch")


def run() -> None:
    """Run the `lm_eval` command on `sys.argv`."""
    TaskManager.__init__ = partialmethod(TaskManager.__init__, include_defaults=False)
    evaluator.add_env_info = lambda results: None
    cli_evaluate()
