"""The table of collection: every attempt to have an invoice paid through the provider."""

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

attempts = Table(
    "collecting_attempts",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("col"), nullable=False),
    Column("invoice_id", Key("invc"), nullable=False),
    # Counted for each invoice, from one.
    Column("turn", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    # What was due when it began, in smallest units of the invoice's currency.
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(20), nullable=False),
    Column("wanted_method_id", Key("pmt")),
    # Chosen when the provider is first asked, and kept: who asks again must ask for the same.
    Column("method_id", Key("pmt")),
    Column("customer", String(255)),
    Column("method", String(255)),
    Column("checkout_id", Key("chk")),
    Column("failure", json_column()),
    Column("created_by", String(160), nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("asked_at", Instant),
    # When somebody was told that a person must pay by the page.
    Column("told_at", Instant),
    Column("closed_at", Instant),
    PrimaryKeyConstraint("project_id", "id"),
    CheckConstraint(
        "state in ('paying', 'processing', 'needs_action', 'succeeded', 'failed', 'canceled')",
        name="state_is_known",
    ),
    CheckConstraint(
        "(closed_at is null) = (state in ('paying', 'processing', 'needs_action'))",
        name="what_is_over_is_closed",
    ),
    CheckConstraint(
        "(asked_at is null) = (customer is null) and (asked_at is null) = (method is null)",
        name="who_is_asked_is_known",
    ),
    CheckConstraint(
        "state <> 'needs_action' or checkout_id is not null", name="a_page_is_there_to_pay_on"
    ),
    CheckConstraint("amount > 0", name="something_is_collected"),
    # Never two at once for one invoice, whatever the code believes.
    index_where(
        "ix_collecting_attempts_one_open",
        "project_id",
        "invoice_id",
        where="closed_at is null",
        unique=True,
    ),
    Index("ix_collecting_attempts_invoice", "project_id", "invoice_id", "turn", unique=True),
    index_where(
        "ix_collecting_attempts_checkout",
        "project_id",
        "checkout_id",
        where="checkout_id is not null",
    ),
)
