"""Where a study is kept: an Optuna storage by its URL."""

import re
import warnings
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from data import BadInput

HEARTBEAT_SECONDS = 60
SILENT_AFTER_SECONDS = 600
"""A worker on another machine that was silent for so long is gone, and its trial is repeated."""

_JOURNAL = "journal:"
_BUSY_SECONDS = 60


def open_storage(url: str) -> BaseStorage:
    """The storage of that URL, made where it is missing.

    Args:
        url: of a database, as SQLAlchemy writes it (`sqlite:///study.db`, `postgresql://user@host/database`), or
            `journal:FILE` for a file that workers on one file system append to.

    Raises:
        BadInput: it can't be opened; a password in the URL is not repeated.
    """
    if url.startswith(_JOURNAL):
        path = url.removeprefix(_JOURNAL).removeprefix("//")
        if not path:
            raise BadInput("--storage journal: names no file; write journal:study.log")
        try:
            return JournalStorage(JournalFileBackend(path))
        except (OSError, ValueError, KeyError) as error:
            raise BadInput(f"--storage {url}: not a usable journal ({_line(error)}); name another file") from error
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    engine = {"connect_args": {"timeout": _BUSY_SECONDS}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return RDBStorage(
                # SQLAlchemy takes psycopg2 for a bare name; psycopg is the one that the product brings.
                re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url),
                engine_kwargs=engine,
                heartbeat_interval=HEARTBEAT_SECONDS,
                grace_period=SILENT_AFTER_SECONDS,
            )
    except ArgumentError as error:
        raise BadInput(
            f"--storage {without_password(url)}: not a storage; write sqlite:///study.db, "
            "postgresql://USER@HOST/NAME or journal:study.log"
        ) from error
    except ImportError as error:
        raise BadInput(
            f"--storage {without_password(url)}: {_line(error)}; install the database's driver "
            "(for PostgreSQL: pip install 'openmedlm[postgres]')"
        ) from error
    except (SQLAlchemyError, RuntimeError, OSError) as error:
        said = re.sub(r"\(Background on this error.*", "", without_password(_line(error)))
        raise BadInput(f"--storage {without_password(url)}: can't be opened ({said.strip()}); check the URL") from error


def storage_file(url: str) -> str | None:
    """The absolute path of the file that a storage is kept in; None where it is in no file."""
    for scheme in (f"{_JOURNAL}//", _JOURNAL, "sqlite:///"):
        if url.startswith(scheme):
            return Path(url.removeprefix(scheme)).absolute().as_posix()
    return None


def without_password(text: str) -> str:
    """The text with the passwords of URLs in it left out."""
    return re.sub(r"(://[^:/@\s]*):\S*@", r"\1:***@", text)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
