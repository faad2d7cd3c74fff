"""What recurs of subscriptions, where it changes; and what was booked, by the quarter hour."""

import sqlalchemy as sa
from alembic import op

from migrations.types import key

revision = "0032"
down_revision = "0027"

SUBSCRIPTIONS, HISTORY = "subscriptions_subscriptions", "subscriptions_history"
BILLS, BOOKED, MARKS = "subscriptions_bills", "revenue_booked", "revenue_marks"


def upgrade() -> None:
    _what_recurs()
    _what_failed()
    op.create_table(
        BOOKED,
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("quarter", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("asset", "role", "kind", "quarter", name=f"pk_{BOOKED}"),
    )
    op.create_table(
        MARKS,
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("transaction_id", key(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=f"pk_{MARKS}"),
    )


def downgrade() -> None:
    raise NotImplementedError("what recurred would be forgotten; restore a backup instead")


def _what_recurs() -> None:
    op.add_column(SUBSCRIPTIONS, sa.Column("recurring", sa.BigInteger))
    op.add_column(HISTORY, sa.Column("recurring", sa.BigInteger))
    op.add_column(HISTORY, sa.Column("interval_unit", sa.String(5)))
    op.add_column(HISTORY, sa.Column("interval_count", sa.Integer))
    told = sa.text("recurring is not null")
    op.create_index(
        f"ix_{HISTORY}_recurring",
        HISTORY,
        ["effective_at"],
        sqlite_where=told,
        postgresql_where=told,
    )


def _what_failed() -> None:
    owed = sa.text("failed_at is not null and paid_at is null")
    op.create_index(
        f"ix_{BILLS}_failed", BILLS, ["asset"], sqlite_where=owed, postgresql_where=owed
    )
