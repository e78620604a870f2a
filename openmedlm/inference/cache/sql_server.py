"""A PostgreSQL server, which may be away for a while."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from tenacity import (
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_after_attempt,
    stop_after_delay,
    stop_all,
    stop_any,
    stop_when_event_set,
    wait_random_exponential,
)

from openmedlm.data import UserError
from openmedlm.utils.urls import scrubbed, shown_url, with_driver

PATIENCE = 60.0
"""Seconds that a database may be away, as when it is started anew, before a command gives up."""

ATTEMPTS = 3
"""Of a transaction, at once, where nobody wants to wait any more."""

_TRANSIENT = ("25P03", "40001", "40P01", "53300", "55P03", "57P01", "57P02", "57P03")
"""Ended as it was idle, serialization failure, deadlock, too many connections, lock not had in time, shutdown, crash,
not yet up."""

_CONNECTION = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""After so many seconds (milliseconds, the last) a machine that says nothing is away; a URL may say otherwise."""

_SESSION = "SET lock_timeout = '20s'; SET idle_in_transaction_session_timeout = '20s'"
"""A process that freezes in a transaction holds up the others for no longer."""

T = TypeVar("T")


class Server:
    """Runs transactions.

    Args:
        url: of the database, as SQLAlchemy writes it.

    Attributes:
        where: the option that named it, as it may be shown.

    Raises:
        UserError: the URL is none of a PostgreSQL database, or there is no driver for it.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._hurried = threading.Event()
        self.where = f"--store {shown_url(url)}"
        try:
            self._engine = _engine(with_driver(url))
        except ImportError as error:
            said = f"{self.where}: {scrubbed(str(error), url)}"
            raise UserError(f"{said}; install the driver: pip install 'openmedlm[postgres]'") from error
        except (ArgumentError, ValueError) as error:
            raise self._no_url() from error

    def first(self, transaction: Callable[[Connection], T]) -> T:
        """As `written`, for the first time: a server that is not there is told at once."""
        try:
            return self._retrying(_not_ready)(lambda: self.once(transaction))
        except UserError:
            raise
        except (ArgumentError, ValueError) as error:
            raise self._no_url() from error
        except SQLAlchemyError as error:
            raise self._failure(error) from error

    def written(self, transaction: Callable[[Connection], T]) -> T:
        """What a transaction came to; begun anew while the server is away, or where two got in each other's way.

        Raises:
            UserError: it stayed away for `PATIENCE`, or takes nothing.
        """
        try:
            return self._retrying(_may_pass)(lambda: self.once(transaction))
        except SQLAlchemyError as error:
            raise self._failure(error) from error

    def once(self, transaction: Callable[[Connection], T]) -> T:
        """The same, with a single attempt.

        Raises:
            SQLAlchemyError: it came to nothing.
        """
        with self._engine.begin() as connection:
            return transaction(connection)

    def stop_retrying(self) -> None:
        """Waits no more for a server that is away, now or later."""
        self._hurried.set()

    def close(self) -> None:
        """Ends all connections."""
        self._engine.dispose()

    def _retrying(self, passes: Callable[[BaseException], bool]) -> Retrying:
        return Retrying(
            retry=retry_if_exception(passes),
            stop=stop_any(
                stop_after_delay(PATIENCE), stop_all(stop_when_event_set(self._hurried), stop_after_attempt(ATTEMPTS))
            ),
            sleep=sleep_using_event(self._hurried),
            wait=wait_random_exponential(multiplier=0.05, max=5.0),
            reraise=True,
        )

    def _failure(self, error: SQLAlchemyError) -> UserError:
        said = scrubbed(str(error), self._url)
        return UserError(f"{self.where}: {said}; mend that, and the same command goes on")

    def _no_url(self) -> UserError:
        return UserError(f"{self.where}: not a vote store; write postgresql://USER@HOST/NAME, or a file's name")


def _engine(url: str) -> Engine:
    given = make_url(url)
    engine = create_engine(
        given,
        pool_pre_ping=True,
        pool_size=4,
        isolation_level="READ COMMITTED",
        connect_args={name: value for name, value in _CONNECTION.items() if name not in given.query},
    )
    if engine.dialect.name != "postgresql":
        raise ArgumentError("another database")

    @event.listens_for(engine, "connect")
    def begin(connection: Any, record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_SESSION)
        connection.commit()

    return engine


def _not_ready(error: BaseException) -> bool:
    """Whether a server is there, and says that it may take the same later."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _TRANSIENT


def _may_pass(error: BaseException) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    unreached = isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", None) is None
    return error.connection_invalidated or unreached or _not_ready(error)
