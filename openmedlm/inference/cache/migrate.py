"""Upgrade of a database's schema by the steps in `migrations/versions`."""

import sqlite3
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from openmedlm.inference.cache.backend import SCHEMA_VERSION

VERSION_TABLE = "store_version"
"""Table of the schema version. Optuna uses alembic's default name, and may share the database."""

_ADVISORY_LOCK = 2402_19371
"""PostgreSQL lock of the process that changes the schema."""


def migrate_sqlite(path: Path) -> None:
    """Upgrade a file in one transaction, so that no other process sees half of it.

    Raises:
        sqlite3.Error: The upgrade failed.
    """
    engine = create_engine("sqlite://", poolclass=NullPool, creator=lambda: sqlite3.connect(path, timeout=60))

    @event.listens_for(engine, "connect")
    def disable_implicit_commits(connection: Any, record: object) -> None:
        connection.isolation_level = None  # else the driver commits before it creates tables

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.begin() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if version == SCHEMA_VERSION:  # another process has upgraded it meanwhile
                return
            if version and not connection.dialect.has_table(connection, VERSION_TABLE):
                command.stamp(_config(connection), str(version))  # created before alembic counted the steps
            command.upgrade(_config(connection), "head")
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except DBAPIError as error:
        raise error.orig or error from None


def migrate_postgres(connection: Connection) -> None:
    """Upgrade a database in the connection's transaction; wait for a process that already does so."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
    command.upgrade(_config(connection), "head")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
