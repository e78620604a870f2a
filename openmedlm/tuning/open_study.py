"""The place and the study of a plan, before anything is spent."""

import uuid
from typing import Any

import optuna
import orjson

from openmedlm.data import UserError
from openmedlm.optimizers.search.storage import open_storage
from openmedlm.tuning.files import FRONT, LADDER_RUN, PROGRAM, REPORT, RESULT, TRIALS
from openmedlm.tuning.plan import TuningPlan
from openmedlm.utils.locks import locked
from openmedlm.utils.paths import workers_directory
from openmedlm.utils.urls import database_file, shown_url


def check_directory(plan: TuningPlan) -> None:
    """Refuses a place that holds something else than this command's own output.

    Raises:
        UserError: it does.
    """
    directory = plan.directory
    if directory.exists() and not directory.is_dir():
        raise UserError(f"{directory}: is a file; name a directory with -o")
    own = (PROGRAM, FRONT, RESULT, TRIALS, REPORT, LADDER_RUN)
    beside = (*own, *(f".{name}." for name in own))  # what a kill leaves of one that was just being written
    stored = database_file(plan.storage)
    strangers = sorted(
        path.name
        for path in (directory.iterdir() if directory.exists() else ())
        # A database has its journal beside it, and a journal its lock.
        if not path.name.startswith(beside) and not (stored and path.absolute().as_posix().startswith(stored))
    )
    if strangers:
        raise UserError(f"{directory / strangers[0]}: is nothing that tune wrote; name another directory with -o")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{directory}: can't be made ({error.strerror}); name another with -o") from error


def open_study(plan: TuningPlan) -> optuna.Study:
    """The plan's study, made where it is new.

    Raises:
        UserError: the storage can't be opened, or holds a study of that name that asks something else.
    """
    with locked(workers_directory(plan.study) / ".opening"):  # two that start at once must agree on the purpose
        return _open_study(plan)


def _open_study(plan: TuningPlan) -> optuna.Study:
    study = optuna.create_study(
        storage=open_storage(plan.storage),
        study_name=plan.study,
        directions=plan.search.directions(),
        load_if_exists=True,
    )
    asked = orjson.loads(orjson.dumps(plan.asked()))
    there = study.user_attrs.get("asked")
    if there is None:
        study.set_user_attr("purpose", f"study {uuid.uuid4().hex}")
        study.set_user_attr("questions", _questions(plan))
        study.set_user_attr("asked", asked)
    elif there != asked:
        differing = next(name for name in {**there, **asked} if there.get(name) != asked.get(name))
        raise UserError(
            f'{shown_url(plan.storage)}: its study "{plan.study}" differs in {differing}; give the options that '
            "it was begun with, or name another with --study or -o"
        )
    return study


def _questions(plan: TuningPlan) -> dict[str, Any]:
    """What readers of the study need to tell right answers, without any text."""
    return {
        part: {"ids": [question.id for question in schedule.questions], "golds": schedule.golds}
        for part, schedule in (("tune", plan.tune), ("select", plan.select))
    }
