"""What the provider bills, as it was last seen, and how its paid invoices stand in the books."""

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

from core.db.schema import Instant, Key, index_where, json_column, metadata

subscriptions = Table(
    "stepping_subscriptions",
    metadata,
    # The provider's own name leads: of what nobody knows yet no project is known either.
    Column("provider_id", String(255), nullable=False),
    Column("project_id", Key("prj")),
    Column("subscription_id", Key("sub")),
    Column("customer_id", String(255), nullable=False),
    Column("state", String(40), nullable=False),
    Column("price_ids", json_column(), nullable=False),
    # Why it is not mirrored, or not as it is there; nothing where it is.
    Column("problem", String(64)),
    Column("reason", String(500)),
    # Over everything that was seen: what is the same need not be looked at again.
    Column("digest", String(64), nullable=False),
    # Grows whenever it is followed: what was read before another reading was applied is too old.
    Column("revision", Integer, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("applied_at", Instant),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("provider_id"),
    index_where(
        "ix_stepping_subscriptions_problem",
        "provider_id",
        where="problem is not null",
    ),
)

invoices = Table(
    "stepping_invoices",
    metadata,
    Column("provider_id", String(255), nullable=False),
    Column("id", Key("pvi"), nullable=False),
    Column("project_id", Key("prj")),
    Column("subscription_id", Key("sub")),
    Column("provider_subscription_id", String(255), nullable=False),
    Column("state", String(40), nullable=False),
    Column("number", String(255)),
    Column("reason", String(64), nullable=False),
    Column("asset", String(20), nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("tax", BigInteger, nullable=False),
    # Of what is paid: through the provider, elsewhere, and what went back of it since.
    Column("received", BigInteger, nullable=False),
    Column("elsewhere", BigInteger, nullable=False),
    Column("returned", BigInteger, nullable=False),
    # How often that has changed: each time is a transaction of its own.
    Column("turn", Integer, nullable=False),
    Column("bill_id", Key("bil")),
    Column("transaction_id", Key("txn")),
    Column("seen_at", Instant, nullable=False),
    Column("booked_at", Instant),
    PrimaryKeyConstraint("provider_id"),
    CheckConstraint("(booked_at is null) = (bill_id is null)", name="what_is_booked_is_billed"),
    CheckConstraint("returned between 0 and received", name="no_more_goes_back_than_came"),
    Index("ix_stepping_invoices_id", "project_id", "id"),
    Index("ix_stepping_invoices_provider_subscription_id", "provider_subscription_id"),
)

payments = Table(
    "stepping_payments",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("payment_id", Key("pay"), nullable=False),
    Column("invoice_id", Key("pvi"), nullable=False),
    PrimaryKeyConstraint("project_id", "payment_id"),
    Index("ix_stepping_payments_invoice_id", "project_id", "invoice_id"),
)

earnings = Table(
    "stepping_earnings",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("invoice_id", Key("pvi"), nullable=False),
    Column("line", Integer, nullable=False),
    Column("asset", String(20), nullable=False),
    # As it was billed, less what went back, and of that what is earned by now.
    Column("billed", BigInteger, nullable=False),
    Column("net", BigInteger, nullable=False),
    Column("recognized", BigInteger, nullable=False),
    Column("start_at", Instant),
    Column("end_at", Instant),
    Column("next_at", Instant),
    PrimaryKeyConstraint("project_id", "invoice_id", "line"),
    index_where(
        "ix_stepping_earnings_next_at",
        "next_at",
        "project_id",
        "invoice_id",
        where="next_at is not null",
    ),
)
