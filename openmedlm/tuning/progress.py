"""Progress of a study on stderr."""

import sys
from collections.abc import Sequence

from optuna.trial import FrozenTrial

from openmedlm.inference import Budget
from openmedlm.optimizers.search.finalists import Candidate
from openmedlm.optimizers.search.trial_answers import TrialAnswers
from openmedlm.optimizers.search.trial_attrs import read_trial_config
from openmedlm.tuning.plan import TuningPlan


class TrialProgress:
    """Prints one line per block of questions that a trial has answered."""

    def __init__(self, plan: TuningPlan, budget: Budget) -> None:
        self._plan = plan
        self._budget = budget

    def on_block(self, trial: FrozenTrial, answers: TrialAnswers) -> None:
        """Print the accuracy of a trial so far, and the calls used."""
        calls = self._budget.cache.spent(self._budget.budget_id).calls
        limit = self._budget.limits.calls
        used = f"{calls:,} calls used" if limit is None else f"{calls:,}/{limit:,} calls used"
        print(
            f"trial {trial.number + 1}/{self._plan.trials} {read_trial_config(trial).label()}: "
            f"{answers.accuracy():.1%} on {len(answers)} of {len(self._plan.search_set.questions)} questions · {used}",
            file=sys.stderr,
        )

    def on_finalists(self, chosen: Sequence[Candidate]) -> None:
        """Print the number of programs that are evaluated on the holdout set."""
        trials = len({candidate.source for candidate in chosen})
        print(
            f"evaluating {len(chosen)} programs of {trials} trials on {len(self._plan.holdout.questions)} holdout "
            "questions",
            file=sys.stderr,
        )
