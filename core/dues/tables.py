"""The tables of dues: what was billed, and, for what is below zero, where all of it went."""

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

bills = Table(
    "dues_bills",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("subscription_id", Key("sub"), nullable=False),
    Column("period_start_at", Instant, nullable=False),
    # With the period the key: whatever is billed is billed once, whoever asks for it again.
    Column("reason", String(24), nullable=False),
    Column("id", Key("bil"), nullable=False),
    Column("period_end_at", Instant, nullable=False),
    Column("asset", String(20), nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("lines", json_column(), nullable=False),
    Column("credits", BigInteger),
    Column("credits_asset", String(20)),
    Column("credits_until", Instant),
    Column("invoice_id", Key("invc")),
    Column("created_at", Instant, nullable=False),
    Column("failed_at", Instant),
    Column("paid_at", Instant),
    # Why there is no invoice; nothing where there is one.
    Column("without_invoice", String(12)),
    # Nobody owes it any more, and nobody paid it.
    Column("written_off_at", Instant),
    PrimaryKeyConstraint("project_id", "subscription_id", "period_start_at", "reason"),
    CheckConstraint("(credits is null) = (credits_asset is null)", name="credits_are_of_an_asset"),
    CheckConstraint("credits > 0", name="credits_are_positive"),
    CheckConstraint(
        "(invoice_id is null) = (without_invoice is not null)",
        name="without_an_invoice_there_is_a_reason",
    ),
    CheckConstraint(
        "paid_at is null or written_off_at is null", name="what_is_paid_is_not_written_off"
    ),
    Index("ix_dues_bills_id", "project_id", "id", unique=True),
    index_where(
        "ix_dues_bills_invoice",
        "project_id",
        "invoice_id",
        where="invoice_id is not null",
        unique=True,
    ),
    # What is owed although somebody tried: few, whatever has been billed.
    index_where(
        "ix_dues_bills_failed",
        "asset",
        where="failed_at is not null and paid_at is null",
    ),
    index_where(
        "ix_dues_bills_waiting",
        "project_id",
        "id",
        where="without_invoice = 'no_entity'",
    ),
)

returns = Table(
    "dues_returns",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    # The bill below zero whose parts these are: together they are what it says.
    Column("bill_id", Key("bil"), nullable=False),
    Column("position", Integer, nullable=False),
    # `note`: credited of an invoice. `kept`: taken off later bills. `waived`: never charged.
    Column("kind", String(6), nullable=False),
    Column("asset", String(20), nullable=False),
    # Of what the bill says: before taxes, or with them, where prices contain them.
    Column("amount", BigInteger, nullable=False),
    Column("invoice_id", Key("invc")),
    Column("note_id", Key("crn")),
    # Which got what had been paid already.
    Column("wallet_id", Key("wal")),
    # Of what is kept, what no later bill was less by.
    Column("unused", BigInteger, nullable=False),
    Column("returned_at", Instant, nullable=False),
    PrimaryKeyConstraint("project_id", "bill_id", "position"),
    CheckConstraint("kind in ('note', 'kept', 'waived')", name="kind_is_known"),
    CheckConstraint("amount > 0", name="something_was_returned"),
    CheckConstraint("unused between 0 and amount", name="no_more_is_used_than_was_kept"),
    CheckConstraint("kind = 'kept' or unused = 0", name="only_what_was_kept_is_used"),
    CheckConstraint("(kind = 'note') = (note_id is not null)", name="a_note_is_named"),
)
