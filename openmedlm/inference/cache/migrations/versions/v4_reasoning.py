"""Add the thoughts that an endpoint separates from a completion, and their tokens."""

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"


def upgrade() -> None:
    op.add_column("completions", sa.Column("reasoning", sa.Text, nullable=False, server_default=""))
    op.add_column("completions", sa.Column("reasoning_tokens", sa.Integer))
