"""Payments of which less came than was asked for."""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant

revision = "0022"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("payments_payments", sa.Column("underpaid_at", instant()))


def downgrade() -> None:
    op.drop_column("payments_payments", "underpaid_at")
