"""How far a study is, on stderr."""

import sys
from collections.abc import Sequence

from optuna.trial import FrozenTrial

from openmedlm.inference import Budget
from openmedlm.optimizers.search.finalists import Candidate
from openmedlm.optimizers.search.trial_answers import TrialAnswers
from openmedlm.optimizers.search.trial_attrs import read_trial_config
from openmedlm.tuning.plan import TuningPlan


class TrialProgress:
    """A line for each block of questions that a trial has answered."""

    def __init__(self, plan: TuningPlan, budget: Budget) -> None:
        self._plan = plan
        self._budget = budget

    def seen(self, trial: FrozenTrial, trial_answers: TrialAnswers) -> None:
        """A trial has answered a block."""
        spent = self._budget.cache.spent(self._budget.budget_id)
        limit = f" of {self._budget.limits.calls:,}" if self._budget.limits.calls is not None else ""
        print(
            f"trial {trial.number + 1}/{self._plan.trials}: {read_trial_config(trial).label()}: "
            f"{len(trial_answers)}/{len(self._plan.tune.questions)} answered, "
            f"{sum(trial_answers.correct()) / max(len(trial_answers), 1):.1%} correct; {spent.calls:,}{limit} calls",
            file=sys.stderr,
        )

    def choosing(self, chosen: Sequence[Candidate]) -> None:
        """The search has ended; these go on."""
        sources = len({candidate.source for candidate in chosen})
        print(
            f"choosing among {len(chosen)} programs of {sources} trials on {len(self._plan.select.questions)} other "
            "questions",
            file=sys.stderr,
        )
