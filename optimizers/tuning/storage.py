"""Where a study is kept: an Optuna storage by its URL."""

import re
import warnings
from pathlib import Path
from urllib.parse import unquote

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

from data import BadInput
from data.secrets import MASK

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
            raise BadInput(f"--storage {url}: not a usable journal ({_line(error, url)}); name another file") from error
    if re.fullmatch(r"sqlite(\+\w+)?:/*(:memory:)?", url):
        raise BadInput(f"--storage {url}: names no file; write sqlite:///study.db")
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
        raise BadInput(
            f"--storage {shown_url(url)}: {_line(error, url)}; install the database's driver "
            "(for PostgreSQL: pip install 'openmedlm[postgres]')"
        ) from error
    except (ArgumentError, ValueError) as error:
        raise BadInput(
            f"--storage {shown_url(url)}: not a storage; write sqlite:///study.db, "
            "postgresql://USER@HOST/NAME or journal:study.log"
        ) from error
    except (SQLAlchemyError, RuntimeError, OSError) as error:
        raise BadInput(f"--storage {shown_url(url)}: can't be opened ({_line(error, url)}); check the URL") from error


def _database(url: str) -> BaseStorage:
    engine = {"connect_args": {"timeout": _BUSY_SECONDS}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return RDBStorage(
            # SQLAlchemy takes psycopg2 for a bare name; psycopg is the one that the product brings.
            re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url),
            engine_kwargs=engine,
            heartbeat_interval=HEARTBEAT_SECONDS,
            grace_period=SILENT_AFTER_SECONDS,
        )


def _made_meanwhile(error: Exception) -> bool:
    return any(word in str(error) for word in ("already exists", "UNIQUE constraint", "duplicate key"))


def storage_file(url: str) -> str | None:
    """The absolute path of the file that a storage is kept in; None where it is in no file."""
    for scheme in (f"{_JOURNAL}//", _JOURNAL, "sqlite:///"):
        if url.startswith(scheme):
            return Path(url.removeprefix(scheme)).absolute().as_posix()
    return None


def shown_url(url: str) -> str:
    """The URL as it may be shown: without what could be a password, and without its query."""
    if storage_file(url) is not None:
        return url
    before, at, host = url.partition("?")[0].rpartition("@")
    scheme, user = _userinfo(before)
    return f"{scheme}{user[0]}:{MASK}@{host}" if at and len(user) > 1 else f"{before}{at}{host}"


def scrubbed(text: str, url: str) -> str:
    """The text in one line, with whatever could be a password of the URL masked, as drivers repeat it."""
    before, _, query = url.partition("?")
    secrets = _userinfo(before.rpartition("@")[0])[1][1:] if storage_file(url) is None else []
    secrets += [value.partition("=")[2] for value in re.split("[&;]", query)]
    line = " ".join(text.split()).partition("[SQL:")[0].partition("(Background on this error")[0].strip()
    for secret in sorted({*secrets, *map(unquote, secrets)} - {""}, key=len, reverse=True):
        line = line.replace(secret, MASK)
    return line


def _userinfo(before: str) -> tuple[str, list[str]]:
    """Scheme and parts of what stands before a URL's host: the user, then what may be a password, or parts of one."""
    scheme = re.match(r"[A-Za-z0-9+]*:?/*", before)
    assert scheme is not None, "it matches the empty text too"
    return scheme[0], re.split("[:@/]", before[scheme.end() :])


def _line(error: Exception, url: str) -> str:
    return scrubbed(str(error), url)
