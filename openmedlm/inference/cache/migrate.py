"""Brings a database's schema up to date, by the steps in `migrations/versions`."""

import sqlite3
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from openmedlm.inference.cache.backend import SCHEMA

VERSION_TABLE = "store_version"
"""Optuna has one under alembic's own name, and a study may lie in the same database."""

_ADVISORY_LOCK = 2402_19371
"""Whoever holds it changes the schema."""


def migrate_sqlite(path: Path) -> None:
    """Brings a file up to date, in one transaction that no other process sees half of.

    Raises:
        sqlite3.Error: it can't be.
    """
    engine = create_engine("sqlite://", poolclass=NullPool, creator=lambda: sqlite3.connect(path, timeout=60))

    @event.listens_for(engine, "connect")
    def let_us_begin(connection: Any, record: object) -> None:
        connection.isolation_level = None  # or the driver ends the transaction before tables are made

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.begin() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if version == SCHEMA:  # another process was first
                return
            if version and not connection.dialect.has_table(connection, VERSION_TABLE):
                command.stamp(_config(connection), str(version))  # made before the steps were counted by alembic
            command.upgrade(_config(connection), "head")
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA}")
    except DBAPIError as error:
        raise error.orig or error from None


def migrate_postgres(connection: Connection) -> None:
    """Brings a database up to date, in the connection's transaction; waits for another that is just doing it."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
    command.upgrade(_config(connection), "head")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
