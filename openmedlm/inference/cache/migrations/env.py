"""Alembic environment: runs the steps in the connection and transaction of `openmedlm.inference.cache.migrate`."""

from alembic import context

from openmedlm.inference.cache.migrate import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
