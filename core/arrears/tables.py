"""The tables of usage that is billed in arrears.

What runs and what waits is changed; what was billed is only ever inserted, a row for each line of
an invoice.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
)

from core.db.schema import Instant, Key, index_where, json_column, metadata

settings = Table(
    "arrears_settings",
    metadata,
    Column("scope", String(6), nullable=False),
    Column("key", String(64), nullable=False),
    # How long a draft waits for late usage; nothing where another setting says it.
    Column("draft_minutes", Integer),
    Column("thresholds", json_column()),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("scope", "key"),
    CheckConstraint("scope in ('entity', 'plan')", name="scope_is_known"),
    CheckConstraint("draft_minutes between 0 and 4320", name="a_draft_waits_three_days"),
)

runs = Table(
    "arrears_runs",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("subscription_id", Key("sub"), nullable=False),
    Column("plan_key", String(64), nullable=False),
    Column("asset", String(20), nullable=False),
    Column("start_at", Instant, nullable=False),
    # What was held from when to when, of what runs.
    Column("written", json_column(), nullable=False),
    # How many invoices were drawn up before the period was over.
    Column("invoices", Integer, nullable=False),
    # When it is compared with the thresholds; nothing where there are none.
    Column("next_look_at", Instant),
    PrimaryKeyConstraint("project_id", "subscription_id"),
    index_where(
        "ix_arrears_runs_next_look_at",
        "next_look_at",
        "project_id",
        "subscription_id",
        where="next_look_at is not null",
    ),
)

periods = Table(
    "arrears_periods",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("subscription_id", Key("sub"), nullable=False),
    Column("start_at", Instant, nullable=False),
    Column("end_at", Instant, nullable=False),
    Column("asset", String(20), nullable=False),
    Column("written", json_column(), nullable=False),
    # None while nobody issues invoices.
    Column("invoice_id", Key("invc")),
    Column("state", String(7), nullable=False),
    # When its invoice is finalized, or it is looked at for the last time.
    Column("due_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("billed_at", Instant),
    PrimaryKeyConstraint("project_id", "subscription_id", "start_at"),
    CheckConstraint("state in ('waiting', 'billed', 'closed')", name="state_is_known"),
    CheckConstraint("state <> 'waiting' or due_at is not null", name="what_waits_is_due"),
    index_where(
        "ix_arrears_periods_due",
        "due_at",
        "project_id",
        "subscription_id",
        where="due_at is not null",
    ),
)

billed = Table(
    "arrears_billed",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("subscription_id", Key("sub"), nullable=False),
    # Of the part of the period in which one version was held.
    Column("start_at", Instant, nullable=False),
    Column("item_key", String(64), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("period_start_at", Instant, nullable=False),
    Column("end_at", Instant, nullable=False),
    Column("meter_key", String(64), nullable=False),
    Column("kind", String(10), nullable=False),
    # As much as had been used in all by then.
    Column("quantity", String(60), nullable=False),
    # What this line added to what was billed of the part: below zero where it took something back.
    Column("amount", BigInteger, nullable=False),
    Column("asset", String(20), nullable=False),
    Column("invoice_id", Key("invc"), nullable=False),
    Column("line_id", Key("lin"), nullable=False),
    Column("billed_at", Instant, nullable=False),
    # Covers every column before it, in their order; the proof recomputes it.
    Column("digest", LargeBinary(16), nullable=False),
    PrimaryKeyConstraint("project_id", "subscription_id", "start_at", "item_key", "sequence"),
    CheckConstraint(
        "kind in ('usage', 'progress', 'taken', 'adjustment', 'note')", name="kind_is_known"
    ),
    Index("ix_arrears_billed_invoice_id", "project_id", "invoice_id", "line_id"),
)
