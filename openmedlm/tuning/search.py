"""One worker's search of a study."""

import time
from dataclasses import replace

import optuna
from optuna.exceptions import StorageInternalError
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

from openmedlm.data import UserError
from openmedlm.inference import Budget, BudgetExceeded, CompletionCache, Endpoint, EndpointDownError, connect
from openmedlm.optimizers.search.workers import release, wait_for_others, working
from openmedlm.tuning.evaluator import open_evaluator
from openmedlm.tuning.open_study import open_study
from openmedlm.tuning.plan import TuningPlan
from openmedlm.tuning.progress import TrialProgress
from openmedlm.utils.paths import workers_directory
from openmedlm.utils.urls import scrubbed, shown_url

SEARCHING = 0.75
"""Share of the budget that the search may use; the rest is kept for the questions that choose."""


def search(plan: TuningPlan, workers: int) -> None:
    """Searches a plan's study beside others, from its opening on, and does nothing more.

    Raises:
        UserError: the storage can't be used, or the endpoint does not answer.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = open_study(plan)
        with CompletionCache(plan.store) as store, connect(plan.endpoint) as endpoint:
            searched(plan, study, endpoint, store, workers, time.monotonic())
    except EndpointDownError as error:
        raise UserError(f"{plan.endpoint.model}: {error}") from error
    except (StorageInternalError, SQLAlchemyError) as error:
        raise unusable(plan, error) from error


def searched(
    plan: TuningPlan, study: optuna.Study, endpoint: Endpoint, store: CompletionCache, workers: int, began: float
) -> str:
    """Searches until the trials or the budget end; says which.

    Args:
        plan, study, endpoint, store: of what, where.
        workers: that share the requests in flight; no more of them than of these.
        began: when the seconds of the budget began, by the monotonic clock.
    """
    share = replace(plan.policy, concurrency=plan.policy.concurrency // workers)
    budget = Budget(store, study.user_attrs["purpose"], plan.limits, SEARCHING, began)
    told = TrialProgress(plan, budget)
    done: int | None = None
    with (
        open_evaluator(replace(plan, policy=share), endpoint, store, budget) as evaluator,
        working(workers_directory(plan.study)) as worker,
    ):
        release(study, worker)
        try:
            while done != (now := _done(study)):  # until nothing is left of what other workers left undone
                done = now
                plan.search.run(study, plan.tune, evaluator, plan.trials, told.seen, worker.mark)
                wait_for_others(study, worker, enough=budget.reached)
        except BudgetExceeded as spent:
            return f"the budget of {spent}"
    return f"{done:,} trial{'' if done == 1 else 's'}"


def unusable(plan: TuningPlan, error: Exception) -> UserError:
    """What is said of a storage that fails."""
    said = f"{shown_url(plan.storage)}: {scrubbed(str(error), plan.storage)[:200]}"
    return UserError(f"--storage {said}; the same command goes on once it works")


def _done(study: optuna.Study) -> int:
    return len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)))
