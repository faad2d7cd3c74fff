"""The table of payments: each is written before anybody is asked to pay, and changed under lock."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

from core.db.schema import Instant, Key, index_where, json_column, metadata

payments = Table(
    "payments_payments",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("pay"), nullable=False),
    # What for: a checkout or a top-up, by its id, and what the customer gets for it.
    Column("purpose", String(16), nullable=False),
    Column("source_id", String(40), nullable=False),
    Column("pack_id", Key("pck")),
    Column("quantity", Integer, nullable=False),
    # Of what sells credits the wallet that gets them; of what is owed its invoice.
    Column("wallet_id", Key("wal")),
    Column("invoice_id", Key("invc")),
    Column("credits", BigInteger, nullable=False),
    Column("bonus", BigInteger, nullable=False),
    Column("credits_asset", String(20), nullable=False),
    Column("expires_after_days", Integer),
    # In smallest units of `asset`: what was asked for, what came, and what went back of it.
    Column("asset", String(20), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("refunded", BigInteger, nullable=False),
    Column("disputed", BigInteger, nullable=False),
    # How much of it is booked for its invoice, once something is.
    Column("applied", BigInteger),
    Column("status", String(12), nullable=False),
    Column("failure", json_column()),
    # The provider's own names, once it has told them.
    Column("customer_id", String(255)),
    Column("external_id", String(255)),
    Column("charge_id", String(255)),
    Column("method_id", String(255)),
    Column("created_by", String(160), nullable=False),
    Column("invocation_id", Key("inv")),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant),
    Column("last_event_at", Instant),
    Column("succeeded_at", Instant),
    # Less came than was asked for: it is booked as money, and nothing was given for it.
    Column("underpaid_at", Instant),
    Column("closed_at", Instant),
    Column("transaction_id", Key("txn")),
    Column("bonus_transaction_id", Key("txn")),
    PrimaryKeyConstraint("project_id", "id"),
    UniqueConstraint("project_id", "external_id"),
    CheckConstraint(
        "status in ('expected', 'pending', 'failed', 'succeeded', 'canceled')",
        name="status_is_known",
    ),
    CheckConstraint(
        "(status = 'succeeded') = (succeeded_at is not null)", name="succeeds_at_an_instant"
    ),
    CheckConstraint(
        "(status = 'succeeded') = (transaction_id is not null)", name="what_succeeded_is_booked"
    ),
    CheckConstraint(
        "(purpose = 'invoice') = (invoice_id is not null)", name="an_invoice_is_paid_by_name"
    ),
    CheckConstraint(
        "(purpose = 'invoice') = (wallet_id is null) and (purpose = 'invoice') = (credits = 0)"
        " and credits >= 0",
        name="something_is_bought",
    ),
    CheckConstraint("applied between 0 and received", name="no_more_is_applied_than_came"),
    CheckConstraint("bonus >= 0", name="bonus_is_never_negative"),
    CheckConstraint("amount >= 0 and received >= 0", name="money_comes_in"),
    CheckConstraint("refunded between 0 and received", name="no_more_goes_back_than_came"),
    CheckConstraint("disputed between 0 and received", name="no_more_is_disputed_than_came"),
    Index("ix_payments_payments_external_id", "external_id"),
    Index("ix_payments_payments_charge_id", "charge_id"),
    index_where(
        "ix_payments_payments_invoice_id",
        "project_id",
        "invoice_id",
        where="invoice_id is not null",
    ),
)
