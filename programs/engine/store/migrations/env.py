"""Runs the steps in the connection, and the transaction, of `programs.engine.store.migrating`."""

from alembic import context

from programs.engine.store.migrating import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
