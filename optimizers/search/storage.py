"""Where a study is kept: an Optuna storage by its URL."""

import re
import warnings

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

from openmedlm.data import UserError
from openmedlm.utils.urls import JOURNAL, scrubbed, shown_url, with_driver

HEARTBEAT_SECONDS = 60
SILENT_AFTER_SECONDS = 600
"""A worker on another machine that was silent for so long is gone, and its trial is repeated."""

_BUSY_SECONDS = 60


def open_storage(url: str) -> BaseStorage:
    """The storage of that URL, made where it is missing.

    Args:
        url: of a database, as SQLAlchemy writes it (`sqlite:///study.db`, `postgresql://user@host/database`), or
            `journal:FILE` for a file that workers on one file system append to.

    Raises:
        UserError: it can't be opened; a password in the URL is not repeated.
    """
    if url.startswith(JOURNAL):
        path = url.removeprefix(JOURNAL).removeprefix("//")
        if not path:
            raise UserError("--storage journal: names no file; write journal:study.log")
        try:
            return JournalStorage(JournalFileBackend(path))
        except (OSError, ValueError, KeyError) as error:
            raise UserError(
                f"--storage {url}: not a usable journal ({_line(error, url)}); name another file"
            ) from error
    if re.fullmatch(r"sqlite(\+\w+)?:/*(:memory:)?", url):
        raise UserError(f"--storage {url}: names no file; write sqlite:///study.db")
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    opening = Retrying(
        # Two that make the tables of one new database at once get in each other's way, the second time no more.
        retry=retry_if_exception(lambda error: isinstance(error, SQLAlchemyError) and _made_meanwhile(error)),
        stop=stop_after_attempt(5),
        wait=wait_random(0.1, 0.5),
        reraise=True,
    )
    try:
        return opening(_database, url)
    except ImportError as error:
        raise UserError(
            f"--storage {shown_url(url)}: {_line(error, url)}; install the database's driver "
            "(for PostgreSQL: pip install 'openmedlm[postgres]')"
        ) from error
    except (ArgumentError, ValueError) as error:
        raise UserError(
            f"--storage {shown_url(url)}: not a storage; write sqlite:///study.db, "
            "postgresql://USER@HOST/NAME or journal:study.log"
        ) from error
    except (SQLAlchemyError, RuntimeError, OSError) as error:
        raise UserError(f"--storage {shown_url(url)}: can't be opened ({_line(error, url)}); check the URL") from error


def _database(url: str) -> BaseStorage:
    engine = {"connect_args": {"timeout": _BUSY_SECONDS}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return RDBStorage(
            with_driver(url),
            engine_kwargs=engine,
            heartbeat_interval=HEARTBEAT_SECONDS,
            grace_period=SILENT_AFTER_SECONDS,
        )


def _made_meanwhile(error: Exception) -> bool:
    return any(word in str(error) for word in ("already exists", "UNIQUE constraint", "duplicate key"))


def _line(error: Exception, url: str) -> str:
    return scrubbed(str(error), url)
