"""Runs a study: searches, chooses, freezes."""

import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import SQLAlchemyError

from openmedlm.data import UserError, fingerprint, load_split
from openmedlm.inference import Budget, BudgetExceeded, CompletionCache, EndpointDownError, connect
from openmedlm.metrics import compare, summarise
from openmedlm.optimizers.search.finalists import Candidate
from openmedlm.terminal.progress import Progress
from openmedlm.tuning.choose import choose
from openmedlm.tuning.evaluator import EngineEvaluator, open_evaluator
from openmedlm.tuning.open_study import check_directory, open_study
from openmedlm.tuning.plan import BASELINE, TuningPlan
from openmedlm.tuning.progress import TrialProgress
from openmedlm.tuning.result import TuningResult, counted, exhaustive_calls, summary_json
from openmedlm.tuning.save import write_result
from openmedlm.tuning.search import searched, unusable
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
    """Runs one model's study until its trials or its budget end, and freezes the winner.

    Args:
        plan: from `plan_studies`.
        progress: told how far it is.
        test: whether the winner and the untuned program are then scored on test.
        helpers: other workers, who search for as long as it is entered; None for none.
        workers: that share the requests in flight while the study is searched.

    Raises:
        UserError: the storage holds another study, or the endpoint does not answer.
    """
    started = time.perf_counter()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    check_directory(plan)
    began = time.monotonic()
    try:
        study = open_study(plan)
        with CompletionCache(plan.store) as store, progress, connect(plan.endpoint, progress.on_download) as endpoint:
            with helpers or nullcontext():
                stopped = searched(plan, study, endpoint, store, workers, began)
            budget = Budget(store, study.user_attrs["purpose"], plan.limits, began=began)
            with open_evaluator(plan, endpoint, store, budget) as evaluator:
                with locked(workers_directory(plan.study) / ".choosing"):  # others then find these votes bought
                    chosen = choose(plan, study, evaluator, TrialProgress(plan, budget))
                tested = _test(plan, chosen.winner, evaluator, store) if test else None
            spent = store.spent(budget.budget_id)
    except EndpointDownError as error:
        raise UserError(f"{plan.endpoint.model}: {error}") from error
    except (StorageInternalError, SQLAlchemyError) as error:
        raise unusable(plan, error) from error
    seconds = time.perf_counter() - started
    result = TuningResult(
        model=plan.endpoint.model,
        benchmark=plan.benchmark,
        choice=chosen,
        test=tested,
        test_missed=test and tested is None,
        rates=plan.search.rates,
        spent=spent,
        plain=exhaustive_calls(study, len(plan.tune.questions) + len(plan.select.questions)),
        stopped=stopped,
        seconds=seconds,
        trials=counted(study),
        importances=importances(study),
    )
    return write_result(plan, result, trial_rows(study, plan.search, plan.tune.golds))


def _test(
    plan: TuningPlan, winner: Candidate, evaluator: EngineEvaluator, store: CompletionCache
) -> dict[str, Any] | None:
    """The winner and the untuned program on test; None where the budget does not reach it."""
    questions = load_split(plan.benchmark, "test", plan.data_dir)
    looks = 0
    summaries = {}
    right = {}
    for name, configuration in (("winner", winner.configuration), ("untuned", BASELINE)):
        digest = plan.program_factory.program(configuration).digest()
        looks = store.record_test_use(plan.benchmark, plan.endpoint.identity, digest, fingerprint(questions))
        try:
            outcomes = evaluator.outcomes(configuration, questions)
        except BudgetExceeded:
            return None
        summaries[name] = summary_json(summarise(outcomes, 0.0))
        right[name] = [outcome.correct for outcome in outcomes]
    against = compare(right["winner"], right["untuned"]).as_json()
    return {
        "test_evaluations": looks,
        **summaries,
        "vs_baseline": against,
    }
