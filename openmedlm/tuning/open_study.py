"""Output directory and Optuna study of a plan, opened before any request is sent."""

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

_SPEC = "spec"
_BUDGET_ID = "budget_id"
_OLD_SPEC, _OLD_BUDGET_ID = "asked", "purpose"
"""The same attributes of studies that release 0.1.0 began."""

_OLD_POLICIES = {"again": "resample", "close": "constrain", "leave": "skip"}


def check_directory(plan: TuningPlan) -> None:
    """Create the output directory, and refuse one with files that this command did not write.

    Raises:
        UserError: It has such files, is a file, or cannot be created.
    """
    directory = plan.directory
    if directory.exists() and not directory.is_dir():
        raise UserError(f"not a directory in -o: {directory} is a file. Name a directory.")
    own = (PROGRAM, FRONT, RESULT, TRIALS, REPORT, LADDER_RUN)
    prefixes = (*own, *(f".{name}." for name in own))  # temporary files that a killed process left
    database = database_file(plan.storage)
    foreign = sorted(
        path.name
        for path in (directory.iterdir() if directory.exists() else ())
        # A database has a journal beside it, and a journal has a lock.
        if not path.name.startswith(prefixes) and not (database and path.absolute().as_posix().startswith(database))
    )
    if foreign:
        raise UserError(
            f"directory in -o holds a file that openmedlm tune did not write: {directory / foreign[0]}. Name another "
            "directory."
        )
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot create the directory in -o: {directory} ({error.strerror}). Name another.") from error


def open_study(plan: TuningPlan) -> optuna.Study:
    """Open the plan's study, and create it if it is new.

    Raises:
        UserError: The storage cannot be opened, or its study of that name has other settings.
    """
    with locked(workers_directory(plan.study) / ".opening"):  # two workers that start at once must share a budget
        return _open_study(plan)


def budget_id(study: optuna.Study) -> str:
    """Return the id under which the completion cache counts the study's spending."""
    attributes = study.user_attrs
    return str(attributes[_BUDGET_ID] if _BUDGET_ID in attributes else attributes[_OLD_BUDGET_ID])


def _open_study(plan: TuningPlan) -> optuna.Study:
    study = optuna.create_study(
        storage=open_storage(plan.storage),
        study_name=plan.study,
        directions=plan.search.directions(),
        load_if_exists=True,
    )
    spec = orjson.loads(orjson.dumps(plan.spec()))
    stored = _stored_spec(study)
    if stored is None:
        study.set_user_attr(_BUDGET_ID, f"study {uuid.uuid4().hex}")
        study.set_user_attr("questions", _questions(plan))
        study.set_user_attr(_SPEC, spec)
    elif stored != spec:
        name = next(name for name in {**stored, **spec} if stored.get(name) != spec.get(name))
        where = f'study "{plan.study}" in {shown_url(plan.storage)}'
        raise UserError(
            f'other settings in {where}: "{name}" differs. Give the options that it was begun with, or name another '
            "study with --study or -o."
        )
    return study


def _stored_spec(study: optuna.Study) -> dict[str, Any] | None:
    """Return the spec that the study was begun with, in the names of this release; None for a new study."""
    attributes = study.user_attrs
    if _SPEC in attributes or _OLD_SPEC not in attributes:
        stored: dict[str, Any] | None = attributes.get(_SPEC)
        return stored
    spec = dict(attributes[_OLD_SPEC])
    for old, new in (("tune", "search_set"), ("select", "holdout")):
        if old in spec:
            spec[new] = spec.pop(old)
    if "unreadable" in spec:
        policy, rounds = spec.pop("unreadable")  # `rounds` counted the first completion, `max_resamples` does not
        spec["on_unparsed"] = [_OLD_POLICIES.get(policy, policy), rounds - 1]
    return spec


def _questions(plan: TuningPlan) -> dict[str, Any]:
    """Return the ids and gold letters of both sets, without any text, for readers of the study."""
    sets = (("search_set", plan.search_set), ("holdout", plan.holdout))
    return {
        name: {"ids": [question.id for question in schedule.questions], "golds": schedule.golds}
        for name, schedule in sets
    }
