"""The tables of subscriptions: what there is, how it came to be so, what was billed and granted."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
)

from core.db.schema import (
    Instant,
    Key,
    index_where,
    json_column,
    metadata,
    never_overlapping,
)

subscriptions = Table(
    "subscriptions_subscriptions",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("sub"), nullable=False),
    Column("product_key", String(64), nullable=False),
    Column("state", String(10), nullable=False),
    # Grows with every change: who writes says from which one, and writes nothing over another's.
    Column("revision", Integer, nullable=False),
    Column("choice", json_column(), nullable=False),
    Column("next", json_column()),
    Column("asset", String(20), nullable=False),
    Column("wallet_id", Key("wal")),
    Column("time_zone", String(64), nullable=False),
    Column("interval_unit", String(5), nullable=False),
    Column("interval_count", Integer, nullable=False),
    Column("anchor_at", Instant, nullable=False),
    Column("anchor_day", Integer),
    Column("period_start_at", Instant, nullable=False),
    Column("period_end_at", Instant, nullable=False),
    Column("discounts", json_column(), nullable=False),
    # What a period comes to as it goes on: what recurring revenue is counted from.
    Column("recurring", BigInteger),
    Column("trial_ends_at", Instant),
    Column("trial_told_at", Instant),
    Column("at_trial_end", String(6), nullable=False),
    Column("cancel_at", Instant),
    Column("paused_at", Instant),
    Column("resumes_at", Instant),
    Column("starts_at", Instant, nullable=False),
    Column("ended_at", Instant),
    # What the provider calls it, where the provider bills it and our clock moves it nowhere.
    Column("provider_id", String(255)),
    # What it says itself to be due first: whoever looks for what is due looks here alone.
    Column("next_due_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("project_id", "id"),
    CheckConstraint(
        "state in ('draft', 'trialing', 'active', 'past_due', 'suspended', 'paused', 'canceled',"
        " 'expired')",
        name="state_is_known",
    ),
    CheckConstraint(
        "state not in ('draft', 'trialing', 'active', 'past_due') or next_due_at is not null",
        name="what_goes_on_has_a_due_date",
    ),
    CheckConstraint(
        "(state in ('canceled', 'expired')) = (ended_at is not null)", name="what_is_over_ended"
    ),
    CheckConstraint("(state = 'paused') = (paused_at is not null)", name="a_pause_has_begun"),
    CheckConstraint("period_start_at <= period_end_at", name="a_period_ends_after_its_start"),
    CheckConstraint("starts_at <= ended_at", name="it_ends_after_its_start"),
    CheckConstraint("interval_count > 0", name="an_interval_lasts"),
    # Never two at once for one product, whatever the code believes.
    index_where(
        "ix_subscriptions_subscriptions_one_live",
        "project_id",
        "product_key",
        where="ended_at is null",
        unique=True,
    ),
    never_overlapping(
        "subscriptions_never_overlap",
        "project_id",
        "product_key",
        starts="starts_at",
        ends="ended_at",
    ),
    index_where(
        "ix_subscriptions_subscriptions_due",
        "next_due_at",
        "project_id",
        "id",
        where="next_due_at is not null",
    ),
    index_where(
        "ix_subscriptions_subscriptions_provider_id",
        "project_id",
        "provider_id",
        where="provider_id is not null",
        unique=True,
    ),
    Index("ix_subscriptions_subscriptions_product_key", "product_key", "project_id", "id"),
)

history = Table(
    "subscriptions_history",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("subscription_id", Key("sub"), nullable=False),
    # The revision that came of it.
    Column("revision", Integer, nullable=False),
    Column("verb", String(16), nullable=False),
    Column("before", String(10)),
    Column("after", String(10), nullable=False),
    # When it counts from; after a downtime, earlier than when it was done.
    Column("effective_at", Instant, nullable=False),
    Column("done_at", Instant, nullable=False),
    Column("done_by", String(160), nullable=False),
    Column("why", String(500)),
    Column("told", json_column(), nullable=False),
    # What recurs from then on, for each interval of this length: only where that changed, so that
    # whoever reports passes over the renewals, which are most lines.
    Column("recurring", BigInteger),
    Column("interval_unit", String(5)),
    Column("interval_count", Integer),
    PrimaryKeyConstraint("project_id", "subscription_id", "revision"),
    index_where(
        "ix_subscriptions_history_recurring", "effective_at", where="recurring is not null"
    ),
)

credits = Table(
    "subscriptions_credits",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("subscription_id", Key("sub"), nullable=False),
    # The transaction that granted them, once for ever by its reference.
    Column("transaction_id", Key("txn"), nullable=False),
    Column("bill_id", Key("bil"), nullable=False),
    # `included` in the plan, or `rolled` over from the period before.
    Column("kind", String(8), nullable=False),
    Column("wallet_id", Key("wal"), nullable=False),
    Column("asset", String(20), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("expires_at", Instant),
    # The most that may roll over when they expire; nothing where none of it does.
    Column("rollover_max", BigInteger, nullable=False),
    Column("granted_at", Instant, nullable=False),
    Column("rolled_at", Instant),
    PrimaryKeyConstraint("project_id", "subscription_id", "transaction_id"),
    CheckConstraint("kind in ('included', 'rolled')", name="kind_is_known"),
    CheckConstraint("amount > 0", name="amount_is_positive"),
    CheckConstraint("rollover_max >= 0", name="rollover_is_never_negative"),
)
