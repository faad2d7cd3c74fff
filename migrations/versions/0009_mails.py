"""Mails: what waits to be sent, until it is sent or buried.

A mail may carry a link that lets its reader in, so a check holds that it is blank once it ends.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, key

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "messaging_mails",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("text", sa.Text),
        sa.Column("html", sa.Text),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant()),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("due_at", instant(), nullable=False),
        sa.Column("sent_at", instant()),
        sa.Column("buried_at", instant()),
        sa.Column("error", sa.String(200)),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_messaging_mails"),
        sa.CheckConstraint(
            "sent_at is null or buried_at is null", name="ck_messaging_mails_ends_once"
        ),
        sa.CheckConstraint(
            "(sent_at is null and buried_at is null) or (text is null and html is null)",
            name="ck_messaging_mails_is_blank_once_it_ends",
        ),
    )
    waiting = sa.text("sent_at is null and buried_at is null")
    op.create_index(
        "ix_messaging_mails_waiting",
        "messaging_mails",
        ["due_at", "id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )


def downgrade() -> None:
    raise NotImplementedError("mails are not un-sent; restore a backup instead")
