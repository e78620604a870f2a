"""Run of a study: search, choice of the winner, frozen programs."""

import sys
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import SQLAlchemyError

from openmedlm.data import fingerprint, load_split
from openmedlm.inference import Budget, BudgetExceeded, CompletionCache
from openmedlm.metrics import compare, summarise
from openmedlm.optimizers.search.finalists import Candidate
from openmedlm.runs.call_settings import open_connection
from openmedlm.terminal.progress import Progress
from openmedlm.tuning.choose import choose
from openmedlm.tuning.evaluator import EngineEvaluator, open_evaluator
from openmedlm.tuning.open_study import budget_id, check_directory, open_study
from openmedlm.tuning.plan import TuningPlan
from openmedlm.tuning.progress import TrialProgress
from openmedlm.tuning.result import TuningResult, count_exhaustive_calls, count_trials, summary_json
from openmedlm.tuning.save import write_result
from openmedlm.tuning.search import run_search, storage_error
from openmedlm.tuning.trials import importances, trial_rows
from openmedlm.utils.locks import locked
from openmedlm.utils.paths import workers_directory


def tune(
    plan: TuningPlan,
    progress: Progress,
    *,
    test: bool,
    helpers: AbstractContextManager[None] | None = None,
    workers: int = 1,
) -> TuningResult:
    """Run one model's study until its trials or its budget end, and freeze the winner.

    Args:
        plan: A plan from `plan_studies`.
        progress: Shows the download of an embedded model.
        test: Score the winner and the baseline on test afterwards.
        helpers: Further workers, which search while it is entered; None for none.
        workers: Number of workers that share the concurrent requests during the search.

    Raises:
        UserError: The storage holds another study, or the endpoint does not answer.
    """
    started = time.perf_counter()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    check_directory(plan)
    began = time.monotonic()
    try:
        study = open_study(plan)
        with open_connection(plan.calls, progress) as connection:
            with helpers or nullcontext():
                plan, stopped = run_search(plan, study, connection, workers, began, on_notice=_print_notice)
            budget = Budget(connection.store, budget_id(study), plan.limits, began=began)
            with open_evaluator(plan, connection, budget) as evaluator:
                with locked(workers_directory(plan.study) / ".choosing"):  # other workers then find these votes cached
                    choice = choose(plan, study, evaluator, TrialProgress(plan, budget))
                tested = _test(plan, choice.winner, evaluator, connection.store) if test else None
            spent = connection.store.spent(budget.budget_id)
    except (StorageInternalError, SQLAlchemyError) as error:
        raise storage_error(plan, error) from error
    seconds = time.perf_counter() - started
    result = TuningResult(
        model=plan.calls.endpoint.model,
        benchmark=plan.benchmark,
        choice=choice,
        test=tested,
        test_missed=test and tested is None,
        prices=plan.search.prices,
        spent=spent,
        exhaustive_calls=count_exhaustive_calls(study, len(plan.search_set.questions) + len(plan.holdout.questions)),
        stopped=stopped,
        seconds=seconds,
        trials=count_trials(study),
        importances=importances(study),
    )
    return write_result(plan, result, trial_rows(study, plan.search, plan.search_set.golds))


def _print_notice(message: str) -> None:
    print(message, file=sys.stderr)


def _test(
    plan: TuningPlan, winner: Candidate, evaluator: EngineEvaluator, store: CompletionCache
) -> dict[str, Any] | None:
    """Score the winner and the baseline on test; return None if the budget does not reach it."""
    questions = load_split(plan.benchmark, "test", plan.data_dir)
    evaluations = 0
    summaries = {}
    correct = {}
    for name, configuration in (("winner", winner.configuration), ("baseline", plan.search.baseline)):
        digest = plan.factory.program(configuration).digest()
        evaluations = store.record_test_use(
            plan.benchmark, plan.calls.endpoint.identity, digest, fingerprint(questions)
        )
        try:
            outcomes = evaluator.outcomes(configuration, questions)
        except BudgetExceeded:
            return None
        summaries[name] = summary_json(summarise(outcomes, 0.0))
        correct[name] = [outcome.correct for outcome in outcomes]
    comparison = compare(correct["winner"], correct["baseline"])
    return {"test_evaluations": evaluations, **summaries, "vs_baseline": comparison.as_json()}
