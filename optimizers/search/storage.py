"""Optuna storages by URL."""

import re
import warnings

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

from openmedlm.data import UserError
from openmedlm.utils.errors import install_command
from openmedlm.utils.urls import JOURNAL, scrubbed, shown_url, with_driver

HEARTBEAT_SECONDS = 60
WORKER_TIMEOUT_SECONDS = 600
"""Silence after which a worker on another machine counts as dead, and its trial is repeated."""

_LOCK_TIMEOUT_SECONDS = 60


def open_storage(url: str) -> BaseStorage:
    """Open the storage of that URL, and create it if it is missing.

    Args:
        url: SQLAlchemy URL of a database (`sqlite:///study.db`, `postgresql://user@host/database`), or `journal:FILE`
            for a file to which workers on one file system append.

    Raises:
        UserError: The storage can't be opened. The message never contains the URL's password.
    """
    if url.startswith(JOURNAL):
        path = url.removeprefix(JOURNAL).removeprefix("//")
        if not path:
            raise UserError("no file in --storage: journal:. Write journal:study.log.")
        try:
            return JournalStorage(JournalFileBackend(path))
        except (OSError, ValueError, KeyError) as error:
            raise UserError(
                f"unusable journal in --storage: {url} ({_line(error, url)}). Name another file."
            ) from error
    if re.fullmatch(r"sqlite(\+\w+)?:/*(:memory:)?", url):
        raise UserError(f"no file in --storage: {url}. Write sqlite:///study.db.")
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    opening = Retrying(
        # Two processes that create the tables of a new database at once fail on each other; a second try succeeds.
        retry=retry_if_exception(lambda error: isinstance(error, SQLAlchemyError) and _already_created(error)),
        stop=stop_after_attempt(5),
        wait=wait_random(0.1, 0.5),
        reraise=True,
    )
    try:
        return opening(_database, url)
    except ImportError as error:
        raise UserError(
            f"missing database driver for --storage: {shown_url(url)} ({_line(error, url)}). Install it. The driver of "
            f"PostgreSQL: {install_command('postgres')}."
        ) from error
    except (ArgumentError, ValueError) as error:
        raise UserError(
            f"not a storage URL in --storage: {shown_url(url)}. Write sqlite:///study.db, "
            "postgresql://USER@HOST/NAME or journal:study.log."
        ) from error
    except (SQLAlchemyError, RuntimeError, OSError) as error:
        raise UserError(
            f"cannot open the storage in --storage: {shown_url(url)} ({_line(error, url)}). Check the URL."
        ) from error


def _database(url: str) -> BaseStorage:
    engine = (
        {"connect_args": {"timeout": _LOCK_TIMEOUT_SECONDS}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return RDBStorage(
            with_driver(url),
            engine_kwargs=engine,
            heartbeat_interval=HEARTBEAT_SECONDS,
            grace_period=WORKER_TIMEOUT_SECONDS,
        )


def _already_created(error: Exception) -> bool:
    return any(word in str(error) for word in ("already exists", "UNIQUE constraint", "duplicate key"))


def _line(error: Exception, url: str) -> str:
    return scrubbed(str(error), url)
