"""Usage that is billed in arrears: what is claimed for bills, what runs, waits and was billed."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.types import instant, json, key

revision = "0029"
down_revision = "0028"

ROLLUPS, METERS, CLAIMS = "metering_rollups", "claims_meters", "claims_claims"
SETTINGS, RUNS = "arrears_settings", "arrears_runs"
PERIODS, BILLED = "arrears_periods", "arrears_billed"


def upgrade() -> None:
    _charged()
    _claims()
    _settings()
    _runs()
    _periods()
    _billed()
    for table in (CLAIMS, BILLED):
        protect(table)


def downgrade() -> None:
    raise NotImplementedError("usage was billed; restore a backup instead")


def _charged() -> None:
    """Tell in the sums of usage how much of it was charged, also of what there is."""
    for name in ("charged_count", "charged_high", "charged_low"):
        column = sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
        op.add_column(ROLLUPS, column)
    op.execute(
        f"""
        update {ROLLUPS} set charged_count = s.n, charged_high = s.high, charged_low = s.low
        from (
            select e.project_id, e.meter_id, e.bucket, count(*) as n,
                sum(e.quantity / 1000000000) as high, sum(e.quantity % 1000000000) as low
            from metering_charges c
            join metering_event_ids i on i.project_id = c.project_id and i.event_id = c.event_id
            join metering_events e on e.project_id = i.project_id
                and e.received_at = i.received_at and e.event_id = i.event_id
            group by e.project_id, e.meter_id, e.bucket
        ) s
        where {ROLLUPS}.project_id = s.project_id and {ROLLUPS}.meter_id = s.meter_id
            and {ROLLUPS}.bucket = s.bucket
        """  # noqa: S608 - the names are this module's own
    )


def _claims() -> None:
    op.create_table(
        METERS,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("meter_id", key(), nullable=False),
        sa.Column("since_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "meter_id", name=f"pk_{METERS}"),
    )
    op.create_table(
        CLAIMS,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("meter_id", key(), nullable=False),
        sa.Column("start_at", instant(), nullable=False),
        sa.Column("end_at", instant(), nullable=False),
        sa.Column("claimed_by", sa.String(40), nullable=False),
        sa.Column("claimed_at", instant(), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "meter_id", "start_at", name=f"pk_{CLAIMS}"),
        sa.CheckConstraint("start_at < end_at", name=f"ck_{CLAIMS}_a_claim_lasts"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"alter table {CLAIMS} add constraint claims_never_overlap"
            " exclude using gist (project_id with =, meter_id with =,"
            " tstzrange(start_at, end_at) with &&)"
        )


def _settings() -> None:
    op.create_table(
        SETTINGS,
        sa.Column("scope", sa.String(6), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("draft_minutes", sa.Integer),
        sa.Column("thresholds", json()),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=f"pk_{SETTINGS}"),
        sa.CheckConstraint("scope in ('entity', 'plan')", name=f"ck_{SETTINGS}_scope_is_known"),
        sa.CheckConstraint(
            "draft_minutes between 0 and 4320", name=f"ck_{SETTINGS}_a_draft_waits_three_days"
        ),
    )


def _runs() -> None:
    op.create_table(
        RUNS,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("subscription_id", key(), nullable=False),
        sa.Column("plan_key", sa.String(64), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("start_at", instant(), nullable=False),
        sa.Column("written", json(), nullable=False),
        sa.Column("invoices", sa.Integer, nullable=False),
        sa.Column("next_look_at", instant()),
        sa.PrimaryKeyConstraint("project_id", "subscription_id", name=f"pk_{RUNS}"),
    )
    watched = sa.text("next_look_at is not null")
    op.create_index(
        f"ix_{RUNS}_next_look_at",
        RUNS,
        ["next_look_at", "project_id", "subscription_id"],
        postgresql_where=watched,
        sqlite_where=watched,
    )


def _periods() -> None:
    op.create_table(
        PERIODS,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("subscription_id", key(), nullable=False),
        sa.Column("start_at", instant(), nullable=False),
        sa.Column("end_at", instant(), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("written", json(), nullable=False),
        sa.Column("invoice_id", key()),
        sa.Column("state", sa.String(7), nullable=False),
        sa.Column("due_at", instant()),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("billed_at", instant()),
        sa.PrimaryKeyConstraint("project_id", "subscription_id", "start_at", name=f"pk_{PERIODS}"),
        sa.CheckConstraint(
            "state in ('waiting', 'billed', 'closed')", name=f"ck_{PERIODS}_state_is_known"
        ),
        sa.CheckConstraint(
            "state <> 'waiting' or due_at is not null", name=f"ck_{PERIODS}_what_waits_is_due"
        ),
    )
    due = sa.text("due_at is not null")
    op.create_index(
        f"ix_{PERIODS}_due",
        PERIODS,
        ["due_at", "project_id", "subscription_id"],
        postgresql_where=due,
        sqlite_where=due,
    )


def _billed() -> None:
    op.create_table(
        BILLED,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("subscription_id", key(), nullable=False),
        sa.Column("start_at", instant(), nullable=False),
        sa.Column("item_key", sa.String(64), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("period_start_at", instant(), nullable=False),
        sa.Column("end_at", instant(), nullable=False),
        sa.Column("meter_key", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("quantity", sa.String(60), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("invoice_id", key(), nullable=False),
        sa.Column("line_id", key(), nullable=False),
        sa.Column("billed_at", instant(), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id",
            "subscription_id",
            "start_at",
            "item_key",
            "sequence",
            name=f"pk_{BILLED}",
        ),
        sa.CheckConstraint(
            "kind in ('usage', 'progress', 'taken', 'adjustment', 'note')",
            name=f"ck_{BILLED}_kind_is_known",
        ),
    )
    op.create_index(f"ix_{BILLED}_invoice_id", BILLED, ["project_id", "invoice_id", "line_id"])
