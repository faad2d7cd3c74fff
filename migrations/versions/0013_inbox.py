"""The inbox: what a payment provider told us. It takes the place of an earlier table."""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, json

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.drop_table("messaging_inbox")
    op.create_table(
        "inbox_events",
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("external_id", sa.String(255), nullable=False),
        sa.Column("endpoint", sa.String(16), nullable=False),
        sa.Column("type", sa.String(255), nullable=False),
        sa.Column("object_id", sa.String(255)),
        sa.Column("api_version", sa.String(64)),
        sa.Column("livemode", sa.Boolean, nullable=False),
        sa.Column("payload", json(), nullable=False),
        sa.Column("occurred_at", instant(), nullable=False),
        sa.Column("received_at", instant(), nullable=False),
        sa.Column("replays", sa.Integer, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("error", sa.String(500)),
        sa.Column("handled_at", instant()),
        sa.Column("ignored_at", instant()),
        sa.Column("parked_at", instant()),
        sa.PrimaryKeyConstraint("source", "external_id", name="pk_inbox_events"),
        sa.CheckConstraint(
            "(handled_at is null or ignored_at is null)"
            " and (handled_at is null or parked_at is null)"
            " and (ignored_at is null or parked_at is null)",
            name="ck_inbox_events_ends_in_one_way",
        ),
    )
    _index_events()
    op.create_table(
        "inbox_objects",
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("object_id", sa.String(255), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("last_event_at", instant(), nullable=False),
        sa.Column("changed_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("source", "object_id", name="pk_inbox_objects"),
    )
    op.create_index("ix_inbox_objects_changed_at", "inbox_objects", ["changed_at"])


def _index_events() -> None:
    table = "inbox_events"
    op.create_index("ix_inbox_events_received", table, ["received_at", "external_id"])
    op.create_index("ix_inbox_events_type", table, ["type", "received_at"])
    op.create_index("ix_inbox_events_object", table, ["object_id", "received_at"])
    is_open = sa.text("handled_at is null and ignored_at is null")
    op.create_index(
        "ix_inbox_events_open",
        table,
        ["received_at", "external_id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def downgrade() -> None:
    raise NotImplementedError("what was told is not un-told; restore a backup instead")
