"""Search of a study by one worker."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import optuna
from optuna.exceptions import StorageInternalError
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

from openmedlm.data import UserError
from openmedlm.inference import Budget, BudgetExceeded
from openmedlm.optimizers.search.workers import fail_orphaned_trials, register_worker, wait_for_others
from openmedlm.runs.call_settings import Connection, open_connection
from openmedlm.tuning.evaluator import open_evaluator
from openmedlm.tuning.open_study import budget_id, open_study
from openmedlm.tuning.plan import TuningPlan
from openmedlm.tuning.progress import TrialProgress
from openmedlm.tuning.thinking_space import describe_thinking
from openmedlm.utils.paths import workers_directory
from openmedlm.utils.urls import scrubbed, shown_url

SEARCH_BUDGET_SHARE = 0.75
"""Share of the budget that the search may use; the rest is kept for the holdout set."""


def search(plan: TuningPlan, workers: int) -> None:
    """Search a plan's study as one of several workers, without choosing a winner.

    Raises:
        UserError: The storage cannot be used, or the endpoint does not answer.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = open_study(plan)
        with open_connection(plan.calls) as connection:
            run_search(plan, study, connection, workers, time.monotonic())
    except (StorageInternalError, SQLAlchemyError) as error:
        raise storage_error(plan, error) from error


class SearchEnd(NamedTuple):
    """End of a search.

    Attributes:
        plan: Plan of the study, fitted to a model that thinks.
        stopped: Number of trials, or limit of the budget, that ended the search, in words.
    """

    plan: TuningPlan
    stopped: str


def run_search(
    plan: TuningPlan,
    study: optuna.Study,
    connection: Connection,
    workers: int,
    began: float,
    on_notice: Callable[[str], None] | None = None,
) -> SearchEnd:
    """Search until the trials or the budget end; the search includes thinking if the model is seen to think.

    Args:
        plan: Plan of the study.
        study: The open study.
        connection: The endpoint and the completion cache.
        workers: Number of workers that share the concurrent requests; at most as many as the requests.
        began: Start of the budget's seconds, by the monotonic clock.
        on_notice: Called with one line if the search includes thinking.
    """
    policy = connection.calls.policy
    shared = replace(policy, concurrency=policy.concurrency // workers)
    connection = replace(connection, calls=replace(connection.calls, policy=shared))
    budget = Budget(connection.store, budget_id(study), plan.limits, SEARCH_BUDGET_SHARE, began)
    progress = TrialProgress(plan, budget)
    done: int | None = None
    with (
        open_evaluator(plan, connection, budget) as evaluator,
        register_worker(workers_directory(plan.study)) as worker,
    ):
        fail_orphaned_trials(study, worker)
        try:
            evaluator = evaluator.fitted()
            if on_notice is not None and evaluator.plan.search.space != plan.search.space:
                on_notice(describe_thinking(evaluator.plan.search.space, plan.calls.endpoint.model))
            plan = evaluator.plan
            while done != (now := _count_done(study)):  # until no trial that another worker left undone remains
                done = now
                plan.search.run(study, plan.search_set, evaluator, plan.trials, progress.on_block, worker.mark)
                wait_for_others(study, worker, should_stop=budget.reached)
        except BudgetExceeded as error:
            return SearchEnd(plan, f"the budget of {error}")
    return SearchEnd(plan, f"{done:,} trial{'' if done == 1 else 's'}")


def storage_error(plan: TuningPlan, error: Exception) -> UserError:
    """Return the error for a storage that fails, without the password of its URL."""
    reason = scrubbed(str(error), plan.storage)[:200]
    return UserError(
        f"storage failed in --storage: {shown_url(plan.storage)} ({reason}). Rerun the same command to resume."
    )


def _count_done(study: optuna.Study) -> int:
    return len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)))
