"""How far a study is, on stderr."""

import sys
from collections.abc import Sequence

from optuna.trial import FrozenTrial

from openmedlm.tuning.planning import TuningPlan
from optimizers.tuning.selecting import Candidate
from optimizers.tuning.sheet import Sheet
from optimizers.tuning.trial_record import configuration_of
from programs.engine import Budget


class TrialProgress:
    """A line for each block of questions that a trial has answered."""

    def __init__(self, plan: TuningPlan, budget: Budget) -> None:
        self._plan = plan
        self._budget = budget

    def seen(self, trial: FrozenTrial, sheet: Sheet) -> None:
        """A trial has answered a block."""
        spent = self._budget.store.spent(self._budget.purpose)
        limit = f" of {self._budget.limits.calls:,}" if self._budget.limits.calls is not None else ""
        print(
            f"trial {trial.number + 1}/{self._plan.trials}: {configuration_of(trial).label()}: "
            f"{len(sheet)}/{len(self._plan.tune.questions)} answered, {sum(sheet.correct()) / max(len(sheet), 1):.1%} correct; "
            f"{spent.calls:,}{limit} calls",
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
