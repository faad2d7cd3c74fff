"""Export of usage: which meters are exported, and what became of each event's copy."""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, json, key

revision = "0016"
down_revision = "0015"

EXPORTS, COPIES = "exporting_exports", "exporting_copies"


def upgrade() -> None:
    _make_exports()
    _make_copies()


def _make_exports() -> None:
    op.create_table(
        EXPORTS,
        sa.Column("meter_id", key(), nullable=False),
        sa.Column("meter_key", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("formula", sa.String(8), nullable=False),
        sa.Column("event_name", sa.String(100), nullable=False),
        sa.Column("currency", sa.String(20)),
        sa.Column("tiers", json()),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("paused_for", sa.String(64)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("started_by", sa.String(160), nullable=False),
        sa.Column("since", instant(), nullable=False),
        sa.Column("exported_until", instant(), nullable=False),
        sa.Column("swept_at", instant(), nullable=False),
        sa.Column("provider_meter", sa.String(255)),
        sa.Column("product", sa.String(255)),
        sa.Column("price", sa.String(255)),
        sa.Column("sync_state", sa.String(8), nullable=False),
        sa.Column("sync_code", sa.String(64)),
        sa.Column("sync_reason", sa.String(500)),
        sa.Column("synced_at", instant()),
        sa.Column("reported_errors", sa.BigInteger, nullable=False),
        sa.Column("reported_at", instant()),
        sa.Column("report", sa.String(500)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("meter_id", name="pk_exporting_exports"),
        sa.CheckConstraint(
            "state in ('on', 'paused', 'off')", name="ck_exporting_exports_state_is_known"
        ),
        sa.CheckConstraint(
            "(state = 'paused') = (paused_for is not null)",
            name="ck_exporting_exports_a_pause_says_why",
        ),
        sa.CheckConstraint(
            "sync_state in ('waiting', 'synced', 'refused')",
            name="ck_exporting_exports_sync_state_is_known",
        ),
        sa.CheckConstraint(
            "(currency is null) = (tiers is null)",
            name="ck_exporting_exports_a_price_has_a_currency",
        ),
    )
    op.create_index("ix_exporting_exports_event_name", EXPORTS, ["event_name"], unique=True)
    op.create_index("ix_exporting_exports_meter_key", EXPORTS, ["meter_key"])
    op.create_index("ix_exporting_exports_provider_meter", EXPORTS, ["provider_meter"])


def _make_copies() -> None:
    op.create_table(
        COPIES,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("event_id", sa.String(128), nullable=False),
        sa.Column("meter_id", key(), nullable=False),
        sa.Column("identifier", key(), nullable=False),
        sa.Column("event_name", sa.String(100), nullable=False),
        sa.Column("customer", sa.String(255), nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("occurred_at", instant(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("asked_at", instant(), nullable=False),
        sa.Column("closed_at", instant()),
        sa.Column("code", sa.String(64)),
        sa.Column("reason", sa.String(500)),
        sa.PrimaryKeyConstraint("project_id", "event_id", name="pk_exporting_copies"),
        sa.CheckConstraint(
            "state in ('waiting', 'sent', 'rejected')", name="ck_exporting_copies_state_is_known"
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (closed_at is null)",
            name="ck_exporting_copies_what_is_over_is_closed",
        ),
        sa.CheckConstraint(
            "(state = 'rejected') = (code is not null)",
            name="ck_exporting_copies_a_rejection_says_why",
        ),
    )
    op.create_index("ix_exporting_copies_identifier", COPIES, ["identifier"])
    op.create_index("ix_exporting_copies_asked_at", COPIES, ["asked_at"], postgresql_using="brin")
    for name, columns, state in (
        ("ix_exporting_copies_waiting", ["meter_id", "project_id"], "waiting"),
        ("ix_exporting_copies_rejected", ["closed_at", "project_id", "event_id"], "rejected"),
    ):
        only = sa.text(f"state = '{state}'")
        op.create_index(name, COPIES, columns, sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    raise NotImplementedError("usage was exported; without its rows it would be exported again")
