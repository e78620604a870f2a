"""Runs a study: searches, chooses, freezes."""

import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import SQLAlchemyError

from openmedlm.data import BadInput, fingerprint, load_split
from openmedlm.inference import Budget, BudgetSpent, EndpointDownError, VoteStore, connect
from openmedlm.metrics import compare, summarise
from openmedlm.optimizers.search.finalists import Candidate
from openmedlm.terminal.progress import Progress
from openmedlm.tuning.choose import choose
from openmedlm.tuning.evaluator import EngineExaminer, examining
from openmedlm.tuning.open_study import check_directory, open_study
from openmedlm.tuning.plan import UNTUNED, TuningPlan
from openmedlm.tuning.progress import TrialProgress
from openmedlm.tuning.result import TuningResult, counted, plain_calls, summary_json
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
        BadInput: the storage holds another study, or the endpoint does not answer.
    """
    started = time.perf_counter()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    check_directory(plan)
    began = time.monotonic()
    try:
        study = open_study(plan)
        with VoteStore(plan.store) as store, progress, connect(plan.endpoint, progress.fetched) as endpoint:
            with helpers or nullcontext():
                stopped = searched(plan, study, endpoint, store, workers, began)
            budget = Budget(store, study.user_attrs["purpose"], plan.limits, began=began)
            with examining(plan, endpoint, store, budget) as examiner:
                with locked(workers_directory(plan.study) / ".choosing"):  # others then find these votes bought
                    chosen = choose(plan, study, examiner, TrialProgress(plan, budget))
                tested = _test(plan, chosen.winner, examiner, store) if test else None
            spent = store.spent(budget.purpose)
    except EndpointDownError as error:
        raise BadInput(f"{plan.endpoint.model}: {error}") from error
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
        plain=plain_calls(study, len(plan.tune.questions) + len(plan.select.questions)),
        stopped=stopped,
        seconds=seconds,
        trials=counted(study),
        importances=importances(study),
    )
    return write_result(plan, result, trial_rows(study, plan.search, plan.tune.golds))


def _test(plan: TuningPlan, winner: Candidate, examiner: EngineExaminer, store: VoteStore) -> dict[str, Any] | None:
    """The winner and the untuned program on test; None where the budget does not reach it."""
    questions = load_split(plan.benchmark, "test", plan.data_dir)
    looks = 0
    summaries = {}
    right = {}
    for name, configuration in (("winner", winner.configuration), ("untuned", UNTUNED)):
        digest = plan.workshop.program(configuration).digest()
        looks = store.record_look(plan.benchmark, plan.endpoint.identity, digest, fingerprint(questions))
        try:
            outcomes = examiner.outcomes(configuration, questions)
        except BudgetSpent:
            return None
        summaries[name] = summary_json(summarise(outcomes, 0.0))
        right[name] = [outcome.correct for outcome in outcomes]
    against = compare(right["winner"], right["untuned"]).as_json()
    return {
        "test_looks": looks,
        **summaries,
        "against_untuned": against,
    }
