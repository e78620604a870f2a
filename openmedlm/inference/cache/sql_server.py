"""Transactions on a PostgreSQL server that may be unreachable for a while."""

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
from openmedlm.utils.errors import install_command
from openmedlm.utils.urls import scrubbed, shown_url, with_driver

OUTAGE_SECONDS = 60.0
"""Seconds that a server may be unreachable, for example during a restart, before a command gives up."""

MIN_ATTEMPTS = 3
"""Attempts of a transaction after `stop_retrying`."""

_TRANSIENT_SQLSTATES = ("25P03", "40001", "40P01", "53300", "55P03", "57P01", "57P02", "57P03")
"""Idle-in-transaction timeout, serialization failure, deadlock, too many connections, lock timeout, shutdown, crash,
and a server that is starting."""

_CONNECTION_OPTIONS = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""Timeouts of a silent machine in seconds, the last in milliseconds; a URL may override them."""

_SESSION = "SET lock_timeout = '20s'; SET idle_in_transaction_session_timeout = '20s'"
"""Limits how long a process that freezes in a transaction blocks the others."""

T = TypeVar("T")


class SqlServer:
    """Runs transactions on a PostgreSQL server.

    Args:
        url: SQLAlchemy URL of the database.

    Attributes:
        option: Option and URL that name the server, without the password, for messages.

    Raises:
        UserError: The URL names no PostgreSQL database, or its driver is not installed.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._stop = threading.Event()
        self.option = f"--store {shown_url(url)}"
        try:
            self._engine = _create_engine(with_driver(url))
        except ImportError as error:
            raise UserError(
                f"no driver for {self.option}: {scrubbed(str(error), url)}. Install it: {install_command('postgres')}."
            ) from error
        except (ArgumentError, ValueError) as error:
            raise self._bad_url() from error

    def run_first(self, transaction: Callable[[Connection], T]) -> T:
        """Run the first transaction: like `run`, but an unreachable server is an error at once."""
        try:
            return self._retrying(_is_starting)(lambda: self.run_once(transaction))
        except UserError:
            raise
        except (ArgumentError, ValueError) as error:
            raise self._bad_url() from error
        except SQLAlchemyError as error:
            raise self._failure(error) from error

    def run(self, transaction: Callable[[Connection], T]) -> T:
        """Return the result of a transaction; retry while the server is unreachable, or after a conflict.

        Raises:
            UserError: The server was unreachable for `OUTAGE_SECONDS`, or refuses the transaction.
        """
        try:
            return self._retrying(_is_transient)(lambda: self.run_once(transaction))
        except SQLAlchemyError as error:
            raise self._failure(error) from error

    def run_once(self, transaction: Callable[[Connection], T]) -> T:
        """Return the result of a transaction after a single attempt.

        Raises:
            SQLAlchemyError: The transaction failed.
        """
        with self._engine.begin() as connection:
            return transaction(connection)

    def stop_retrying(self) -> None:
        """Stop waiting for an unreachable server, now and later."""
        self._stop.set()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _retrying(self, is_transient: Callable[[BaseException], bool]) -> Retrying:
        return Retrying(
            retry=retry_if_exception(is_transient),
            stop=stop_any(
                stop_after_delay(OUTAGE_SECONDS),
                stop_all(stop_when_event_set(self._stop), stop_after_attempt(MIN_ATTEMPTS)),
            ),
            sleep=sleep_using_event(self._stop),
            wait=wait_random_exponential(multiplier=0.05, max=5.0),
            reraise=True,
        )

    def _failure(self, error: SQLAlchemyError) -> UserError:
        message = scrubbed(str(error), self._url)
        return UserError(f"cannot use {self.option}: {message}. Fix this and rerun the command to resume.")

    def _bad_url(self) -> UserError:
        return UserError(
            f"not a completion cache: {self.option}. Write postgresql://USER@HOST/NAME, or the name of a file."
        )


def _create_engine(url: str) -> Engine:
    parsed = make_url(url)
    engine = create_engine(
        parsed,
        pool_pre_ping=True,
        pool_size=4,
        isolation_level="READ COMMITTED",
        connect_args={name: value for name, value in _CONNECTION_OPTIONS.items() if name not in parsed.query},
    )
    if engine.dialect.name != "postgresql":
        raise ArgumentError("not a PostgreSQL database")

    @event.listens_for(engine, "connect")
    def set_timeouts(connection: Any, record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_SESSION)
        connection.commit()

    return engine


def _is_starting(error: BaseException) -> bool:
    """Return whether a server responds, but cannot run the transaction now."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _TRANSIENT_SQLSTATES


def _is_transient(error: BaseException) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    unreachable = isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", None) is None
    return error.connection_invalidated or unreachable or _is_starting(error)
