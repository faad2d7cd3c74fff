"""Metering: meters, the usage recorded on them, and which usage was charged.

Usage and charges may be inserted and never changed. The key of an event is its id alone: that is
what makes a second delivery of it a duplicate, for ever, whatever else it says.
"""

import sqlalchemy as sa
from alembic import op

from migrations import append_only
from migrations.types import instant, json, key

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "metering_meters",
        sa.Column("id", key(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("aggregation", sa.String(8), nullable=False),
        sa.Column("unit", sa.String(40), nullable=False),
        sa.Column("property", sa.String(64)),
        sa.Column("price", sa.String(40), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("archived_at", instant()),
        sa.PrimaryKeyConstraint("id", name="pk_metering_meters"),
        sa.CheckConstraint(
            "aggregation in ('count', 'sum', 'max', 'unique', 'last')",
            name="ck_metering_meters_aggregation_is_known",
        ),
    )
    op.create_index("ix_metering_meters_key", "metering_meters", ["key"], unique=True)
    _create_events()
    _create_charges()


def _create_events() -> None:
    op.create_table(
        "metering_events",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("event_id", sa.String(128), nullable=False),
        sa.Column("meter_id", key(), nullable=False),
        sa.Column("occurred_at", instant(), nullable=False),
        sa.Column("received_at", instant(), nullable=False),
        sa.Column("position", sa.SmallInteger, nullable=False),
        sa.Column("bucket", sa.Integer, nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("properties", json(), nullable=False),
        sa.Column("content", sa.LargeBinary(16), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "event_id", name="pk_metering_events"),
        sa.CheckConstraint("quantity >= 0", name="ck_metering_events_quantity_is_never_negative"),
    )
    op.create_index(
        "ix_metering_events_project_id_meter_id_bucket",
        "metering_events",
        ["project_id", "meter_id", "bucket"],
    )
    op.create_index(
        "ix_metering_events_project_id_received_at",
        "metering_events",
        ["project_id", "received_at", "position"],
    )
    append_only.protect("metering_events")


def _create_charges() -> None:
    op.create_table(
        "metering_charges",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("event_id", sa.String(128), nullable=False),
        sa.Column("transaction_id", key()),
        sa.Column("wallet_id", key(), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("charged_at", instant(), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "event_id", name="pk_metering_charges"),
        sa.CheckConstraint(
            "(amount = 0) = (transaction_id is null)",
            name="ck_metering_charges_only_what_costs_nothing_has_no_transaction",
        ),
    )
    append_only.protect("metering_charges")


def downgrade() -> None:
    raise NotImplementedError("usage is what charges stand on; restore a backup instead")
