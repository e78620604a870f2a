"""Reader of the result files of a study, those of release 0.1.0 included."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from openmedlm.data import UserError
from openmedlm.tuning.files import RESULT, TRIALS

SCHEMA_VERSION = 2
"""Version of `tuning.json`; release 0.1.0 wrote version 1, without the field."""

_RENAMED = {
    "tune": "search_set",
    "select": "holdout",
    "untuned": "baseline",
    "against_untuned": "vs_baseline",
    "test_looks": "test_evaluations",
    "plain_calls": "exhaustive_calls",
    "votes_bought": "votes_requested",
    "bought": "api_calls",
    "closed": "constrained",
    "asked_again": "resampled",
    "fixed_orders": "exemplars_not_reordered",
}
"""Field of version 1 to field of version 2, at any depth."""

_STATES = {"finished": "complete", "stopped": "pruned", "broken off": "failed", "under way": "running"}
"""State of a trial in version 1 to its state in version 2."""

_USER_KEYS = ("by_subject", "by_benchmark", "importances", "configuration")
"""Fields whose keys are names of subjects, benchmarks or parameters, and stay."""

_RESULT_FIELDS = (
    "model",
    "benchmark",
    "label",
    "configuration",
    "search_set",
    "holdout",
    "baseline",
    "trials",
    "stopped",
)
_ROW_FIELDS = ("number", "state", "program", "configuration", "answered", "correct")
"""Fields that every study and every trial has, after the upgrade."""


def read_result(directory: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Read the results and the trial rows that `tune` wrote into a directory.

    Raises:
        UserError: The files are missing, are not readable, or are of a newer release.
    """
    try:
        result = orjson.loads((directory / RESULT).read_bytes())
        rows = [orjson.loads(line) for line in (directory / TRIALS).read_bytes().splitlines()]
    except FileNotFoundError as error:
        raise UserError(
            f"no complete study in {directory}: {Path(error.filename).name} is missing. Name a directory that "
            "openmedlm tune wrote with -o."
        ) from error
    except (OSError, orjson.JSONDecodeError) as error:
        raise UserError(f"unreadable study in {directory}: {error}. Rerun openmedlm tune.") from error
    version = result.get("schema_version", 1) if isinstance(result, dict) else None
    if version not in (1, SCHEMA_VERSION):
        raise UserError(
            f"unknown schema_version in {directory / RESULT}: {version}. This release reads 1 and {SCHEMA_VERSION}; "
            "use the release that wrote it."
        )
    if version == 1:
        result, rows = _upgrade_result(result), [_upgrade_row(row) for row in rows]
    _check_fields(result, _RESULT_FIELDS, directory / RESULT)
    for number, row in enumerate(rows, 1):
        _check_fields(row, _ROW_FIELDS, directory / TRIALS, number)
    return result, rows


def _check_fields(value: Any, fields: Sequence[str], file: Path, row: int | None = None) -> None:
    missing = [name for name in fields if not isinstance(value, Mapping) or name not in value]
    if missing:
        place = f"{file}:{row}" if row else f"{file}"
        raise UserError(f"missing field in {place}: {missing[0]}. Rerun openmedlm tune.")


def _upgrade_result(result: Mapping[str, Any]) -> dict[str, Any]:
    upgraded: dict[str, Any] = _rename(result)
    trials = result.get("trials")
    if isinstance(trials, Mapping):
        upgraded["trials"] = {_STATES.get(state, state): count for state, count in trials.items()}
    return {"schema_version": SCHEMA_VERSION, **upgraded}


def _upgrade_row(row: Any) -> Any:
    if not isinstance(row, Mapping):
        return row
    state = row.get("state")
    return {**_rename(row), **({"state": _STATES.get(state, state)} if isinstance(state, str) else {})}


def _rename(value: Any) -> Any:
    if isinstance(value, list):
        return [_rename(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    return {_RENAMED.get(name, name): inner if name in _USER_KEYS else _rename(inner) for name, inner in value.items()}
