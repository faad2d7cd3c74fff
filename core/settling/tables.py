"""What went back of payments, what banks dispute, what the provider kept and paid out."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

from core.db.schema import Instant, Key, json_column, metadata

refunds = Table(
    "settling_refunds",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("rfd"), nullable=False),
    Column("payment_id", Key("pay"), nullable=False),
    Column("asset", String(20), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("reason", String(64)),
    Column("state", String(10), nullable=False),
    # Why the provider gives nothing back, or why what it gave came back to us.
    Column("refusal", json_column()),
    Column("failure_reason", String(255)),
    Column("external_id", String(255)),
    # In smallest units of the credits that were sold: what is due for it, and what was found.
    Column("credits_due", BigInteger, nullable=False),
    Column("bonus_due", BigInteger, nullable=False),
    Column("credits_taken", BigInteger, nullable=False),
    Column("bonus_taken", BigInteger, nullable=False),
    Column("transaction_id", Key("txn")),
    Column("bonus_transaction_id", Key("txn")),
    Column("reversed_at", Instant),
    Column("created_by", String(160), nullable=False),
    Column("invocation_id", Key("inv")),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant),
    Column("booked_at", Instant),
    Column("closed_at", Instant),
    PrimaryKeyConstraint("project_id", "id"),
    UniqueConstraint("project_id", "external_id"),
    CheckConstraint("amount > 0", name="something_goes_back"),
    CheckConstraint(
        "state in ('asked', 'pending', 'succeeded', 'failed', 'canceled', 'refused')",
        name="state_is_known",
    ),
    CheckConstraint("(state = 'refused') = (refusal is not null)", name="a_refusal_says_why"),
    CheckConstraint(
        "credits_taken between 0 and credits_due and bonus_taken between 0 and bonus_due",
        name="no_more_is_taken_than_is_due",
    ),
    CheckConstraint(
        "(booked_at is null) = (transaction_id is null)", name="what_is_booked_has_a_transaction"
    ),
    Index("ix_settling_refunds_external_id", "external_id"),
    Index("ix_settling_refunds_payment_id", "project_id", "payment_id"),
    Index("ix_settling_refunds_created_at", "created_at"),
)

disputes = Table(
    "settling_disputes",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("dsp"), nullable=False),
    Column("payment_id", Key("pay"), nullable=False),
    Column("external_id", String(255), nullable=False),
    Column("asset", String(20), nullable=False),
    Column("amount", BigInteger, nullable=False),
    # In the provider's words: new ones come up.
    Column("state", String(40), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("evidence_due_at", Instant),
    # What is frozen while it is open, and what was taken when it was lost.
    Column("hold_id", Key("hld")),
    Column("frozen", BigInteger, nullable=False),
    Column("credits_due", BigInteger, nullable=False),
    Column("bonus_due", BigInteger, nullable=False),
    Column("credits_taken", BigInteger, nullable=False),
    Column("bonus_taken", BigInteger, nullable=False),
    Column("transaction_id", Key("txn")),
    Column("bonus_transaction_id", Key("txn")),
    # How much of what banks took is booked as lost, in what the provider settles in.
    Column("written_off", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("closed_at", Instant),
    PrimaryKeyConstraint("project_id", "id"),
    UniqueConstraint("project_id", "external_id"),
    CheckConstraint("amount >= 0 and frozen >= 0", name="amounts_are_not_negative"),
    CheckConstraint(
        "credits_taken between 0 and credits_due and bonus_taken between 0 and bonus_due",
        name="no_more_is_taken_than_is_due",
    ),
    Index("ix_settling_disputes_external_id", "external_id"),
    Index("ix_settling_disputes_payment_id", "project_id", "payment_id"),
    Index("ix_settling_disputes_created_at", "created_at"),
)

movements = Table(
    "settling_movements",
    metadata,
    # A processor transaction that came of a payment of this project.
    Column("project_id", Key("prj"), nullable=False),
    Column("external_id", String(255), nullable=False),
    Column("payment_id", Key("pay"), nullable=False),
    Column("dispute_id", Key("dsp")),
    Column("category", String(64), nullable=False),
    Column("source_id", String(255), nullable=False),
    Column("asset", String(20), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False),
    Column("net", BigInteger, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("booked_at", Instant, nullable=False),
    # Of what it changed in our books; nothing where it only confirms what was booked.
    Column("transaction_id", Key("txn")),
    Column("payout_id", String(255)),
    PrimaryKeyConstraint("project_id", "external_id"),
    CheckConstraint("net = amount - fee", name="net_is_without_the_fee"),
    Index("ix_settling_movements_external_id", "external_id"),
    Index("ix_settling_movements_payout_id", "payout_id"),
)

payouts = Table(
    "settling_payouts",
    metadata,
    # Of the installation: one payout carries what many projects paid.
    Column("external_id", String(255), nullable=False),
    Column("state", String(32), nullable=False),
    Column("asset", String(20), nullable=False),
    Column("amount", BigInteger, nullable=False),
    # What it consists of, by the provider's list; and of that, what is of our projects.
    Column("listed", BigInteger, nullable=False),
    Column("booked", BigInteger, nullable=False),
    Column("is_automatic", Boolean, nullable=False),
    Column("failure_code", String(64)),
    Column("created_at", Instant, nullable=False),
    Column("arrives_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    PrimaryKeyConstraint("external_id"),
    Index("ix_settling_payouts_created_at", "created_at"),
)
