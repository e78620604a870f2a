"""Runs a study, chooses, freezes."""

import shutil
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optuna
import orjson
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import SQLAlchemyError

from data import BadInput, fingerprint, load_split
from data.atomic import write_atomically
from metrics import Summary, summarise
from openmedlm.compiling import GOLDEN, dev_score, origin
from openmedlm.places import workers_directory
from openmedlm.planning import drawn
from openmedlm.progress import Progress
from openmedlm.tuning.examining import EngineExaminer, examining
from openmedlm.tuning.files import FRONT, PROGRAM, REPORT, RESULT, TRIALS
from openmedlm.tuning.planning import UNTUNED, TuningPlan
from openmedlm.tuning.progress import TrialProgress
from openmedlm.tuning.result import TuningResult, compare, counted, plain_calls
from openmedlm.tuning.trials import importances, trial_rows
from optimizers.tuning import selecting
from optimizers.tuning.defaults import TIE
from optimizers.tuning.selecting import Candidate
from optimizers.tuning.sheet import Sheet
from optimizers.tuning.storage import open_storage, storage_file, without_password
from optimizers.tuning.trial_record import configuration_of, sheet_of
from optimizers.tuning.workers import release, wait_for_others, working
from programs.engine import Budget, BudgetSpent, EndpointDownError, VoteStore, connect
from programs.frozen import Facts, freeze, is_frozen

SEARCHING = 0.75
"""Share of the budget that the search may use; the rest is kept for the questions that choose."""


def tune(plan: TuningPlan, progress: Progress, *, test: bool) -> TuningResult:
    """Runs one model's study until its trials or its budget end, and freezes the winner.

    Args:
        plan: from `plan_studies`.
        progress: told how far it is.
        test: whether the winner and the untuned program are then scored on test.

    Raises:
        BadInput: the storage holds another study, or the endpoint does not answer.
    """
    started = time.perf_counter()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    check_directory(plan)
    try:
        study = open_study(plan)
        with (
            VoteStore(plan.store) as store,
            progress,
            connect(plan.endpoint, progress.fetched) as endpoint,
        ):
            budget = Budget(store, study.user_attrs["purpose"], plan.limits, SEARCHING)
            with examining(plan, endpoint, store, budget) as examiner:
                told = TrialProgress(plan, budget)
                stopped = _search(plan, study, examiner, told)
                budget.share = 1.0
                chosen = _choose(plan, study, examiner, told)
                summary = _summary(plan, chosen.winner, examiner) if chosen.winner.select is not None else None
                tested = _test(plan, chosen.winner, examiner, store) if test else None
            spent = store.spent(budget.purpose)
    except EndpointDownError as error:
        raise BadInput(f"{plan.endpoint.model}: {error}") from error
    except (StorageInternalError, SQLAlchemyError) as error:
        said = " ".join(without_password(str(error)).split())[:200]
        raise BadInput(
            f"--storage {without_password(plan.storage)}: {said}; the same command goes on from there"
        ) from error
    result = TuningResult(
        model=plan.endpoint.model,
        benchmark=plan.benchmark,
        winner=chosen.winner,
        tied=chosen.tied,
        front=chosen.front,
        untuned=chosen.untuned,
        select=summary,
        test=tested,
        rates=plan.search.rates,
        bought=spent.calls,
        tokens=spent.tokens,
        cost_usd=spent.cost_usd,
        plain=plain_calls(study, len(plan.tune.questions) + len(plan.select.questions)),
        stopped=stopped if chosen.complete else f"{stopped}; it ended before every finalist was asked",
        seconds=time.perf_counter() - started,
        trials=counted(study),
        importances=importances(study),
    )
    return _written(plan, result, trial_rows(study, plan.search, plan.tune.golds))


def check_directory(plan: TuningPlan) -> None:
    """Refuses a place that holds something else than this command's own output.

    Raises:
        BadInput: it does.
    """
    directory = plan.directory
    if directory.exists() and not directory.is_dir():
        raise BadInput(f"{directory}: is a file; name a directory with -o")
    own = (PROGRAM, FRONT, RESULT, TRIALS, REPORT)
    stored = storage_file(plan.storage)
    strangers = sorted(
        path.name
        for path in (directory.iterdir() if directory.exists() else ())
        # A database has its journal beside it, and a journal its lock.
        if path.name not in own and not (stored and path.absolute().as_posix().startswith(stored))
    )
    if strangers:
        raise BadInput(f"{directory / strangers[0]}: is nothing that tune wrote; name another directory with -o")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{directory}: can't be made ({error.strerror}); name another with -o") from error


def open_study(plan: TuningPlan) -> optuna.Study:
    """The plan's study, made where it is new.

    Raises:
        BadInput: the storage can't be opened, or holds a study of that name that asks something else.
    """
    storage = open_storage(plan.storage)
    study = optuna.create_study(
        storage=storage, study_name=plan.study, directions=plan.search.directions(), load_if_exists=True
    )
    asked = orjson.loads(orjson.dumps(plan.asked()))
    there = study.user_attrs.get("asked")
    if there is None:
        study.set_user_attr("purpose", f"study {uuid.uuid4().hex}")
        study.set_user_attr("questions", _questions(plan))
        study.set_user_attr("asked", asked)
    elif there != asked:
        differing = next(name for name in {**there, **asked} if there.get(name) != asked.get(name))
        raise BadInput(
            f'{without_password(plan.storage)}: its study "{plan.study}" differs in {differing}; give the options that '
            "it was begun with, or name another with --study or -o"
        )
    return study


def _questions(plan: TuningPlan) -> dict[str, Any]:
    """What readers of the study need to tell right answers, without any text."""
    return {
        part: {"ids": [question.id for question in course.questions], "golds": course.golds}
        for part, course in (("tune", plan.tune), ("select", plan.select))
    }


def _search(plan: TuningPlan, study: optuna.Study, examiner: EngineExaminer, told: TrialProgress) -> str:
    """Searches until the trials or the budget end; says which."""
    with working(workers_directory(plan.study)) as worker:
        release(study, worker)
        try:
            plan.search.run(study, plan.tune, examiner, plan.trials, told.seen, worker.mark)
        except BudgetSpent as spent:
            return f"the budget of {spent}"
        wait_for_others(study, worker)
    return f"{plan.trials} trials"


@dataclass(frozen=True)
class _Choice:
    winner: Candidate
    tied: int
    front: Sequence[Candidate]
    untuned: Sheet | None
    complete: bool


def _choose(plan: TuningPlan, study: optuna.Study, examiner: EngineExaminer, told: TrialProgress) -> _Choice:
    search, golds = plan.search, plan.tune.golds
    found = selecting.candidates(study, golds) or _unfinished(study, golds)
    if not found:
        return _Choice(Candidate(UNTUNED, UNTUNED, Sheet((), "", 1)), 1, (), None, complete=False)
    chosen = selecting.finalists(found, search.objective, search.rates, search.alpha)
    told.choosing(chosen)
    alpha = search.alpha if search.objective == "accuracy" and search.pruner != "none" else None
    examined: list[Candidate] = []
    untuned = None
    complete = True
    try:
        answers = examiner.examine(UNTUNED, plan.select.questions)
        untuned = Sheet(tuple(answers), plan.select.golds, 1)
        examined += selecting.examine(chosen, plan.select, examiner, alpha)
    except BudgetSpent:
        complete = False
    if not examined:
        return _Choice(chosen[0], 1, (), untuned, complete=False)
    front = selecting.front(examined, selecting.on_select, search.rates) if search.objective == "both" else ()
    best = selecting.winner(examined, search.objective, search.rates)
    level = [best] if search.objective == "cost" else selecting.tied(examined, selecting.on_select, TIE)
    return _Choice(best, len(level), front, untuned, complete)


def _unfinished(study: optuna.Study, golds: str) -> list[Candidate]:
    """Where the budget ended before any trial met every question: those that met the most."""
    trials = [trial for trial in study.get_trials(deepcopy=False) if "configuration" in trial.user_attrs]
    sheets = {configuration_of(trial): sheet_of(trial, golds) for trial in trials}
    most = max((len(sheet) for sheet in sheets.values()), default=0)
    reached = {point.sized(sheet.votes): sheet for point, sheet in sheets.items() if len(sheet) == most > 0}
    return [Candidate(point, point, sheet) for point, sheet in reached.items()]


def _summary(plan: TuningPlan, winner: Candidate, examiner: EngineExaminer) -> Summary:
    """The winner's own votes on the questions that choose, all of which are in the store by now."""
    return summarise(examiner.outcomes(winner.configuration, plan.select.questions), 0.0)


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
        summaries[name] = summarise(outcomes, 0.0)
        right[name] = [outcome.correct for outcome in outcomes]
    against = compare(right["winner"], right["untuned"]).as_json()
    return {
        "test_looks": looks,
        **{name: summary.as_json() for name, summary in summaries.items()},
        "against_untuned": against,
    }


def _written(plan: TuningPlan, result: TuningResult, rows: Sequence[dict[str, Any]]) -> TuningResult:
    """Freezes the winner, and the front where both are the objective; writes what the study came to, and its trials."""
    places = [plan.directory / PROGRAM]
    _freeze(plan, result.winner, result.select, places[0])
    _clear(plan.directory / FRONT)
    for number, candidate in enumerate(result.front, 1):
        places.append(plan.directory / FRONT / f"{number:02}-{candidate.configuration.strategy}")
        _freeze(plan, candidate, None, places[-1])
    result = replace(result, directories=tuple(map(str, places)))
    content = orjson.dumps(result.as_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    try:
        write_atomically(plan.directory / TRIALS, (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
        write_atomically(plan.directory / RESULT, [content])
    except OSError as error:
        raise BadInput(f"{plan.directory / RESULT}: can't be written ({error.strerror})") from error
    return result


def _clear(front: Path) -> None:
    """Takes away the front of an earlier run, which this one may have fewer programs than."""
    for program in front.iterdir() if front.is_dir() else ():
        if is_frozen(program):
            shutil.rmtree(program)


def _freeze(plan: TuningPlan, candidate: Candidate, summary: Summary | None, place: Path) -> None:
    select = plan.select.questions
    dev = None
    if summary is not None:
        asked = origin(plan.source, plan.benchmark, "dev", select)
        dev = dev_score(summary, asked, plan.policy.unreadable)
    pool = origin(plan.source, plan.pool_benchmark, "pool", plan.pool) if plan.pool else None
    facts = Facts(model=plan.endpoint.model, benchmark=plan.benchmark, pool=pool, dev=dev)
    program = plan.workshop.program(candidate.configuration)
    freeze(program, place, facts, drawn(select, GOLDEN), replace=True)
