"""The table of checkouts: pages at the provider that somebody of a project is sent to."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from core.db.schema import Instant, Key, json_column, metadata

checkouts = Table(
    "checkouts_checkouts",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("chk"), nullable=False),
    Column("mode", String(8), nullable=False),
    Column("state", String(8), nullable=False),
    # Of a payment: what is bought, at which price, and the payment that is to come of it.
    Column("payment_id", Key("pay")),
    Column("pack_id", Key("pck")),
    Column("price_id", String(255)),
    Column("quantity", Integer, nullable=False),
    Column("keep_method", Boolean, nullable=False),
    # Of a payment that is discounted: by what, how much is off, and what the page calls it.
    Column("discount_id", Key("dsc")),
    Column("discount", BigInteger),
    Column("title", String(160)),
    # Of a setup: the currency of the payments to come.
    Column("asset", String(20)),
    Column("success_url", Text, nullable=False),
    Column("cancel_url", Text, nullable=False),
    Column("external_id", String(255)),
    Column("url", Text),
    Column("refusal", json_column()),
    Column("created_by", String(160), nullable=False),
    # The person for whom it was asked: only that one is led to it by our own link.
    Column("user_id", Key("usr")),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("opened_at", Instant),
    Column("closed_at", Instant),
    Column("seen_at", Instant),
    PrimaryKeyConstraint("project_id", "id"),
    CheckConstraint("mode in ('payment', 'setup', 'portal')", name="mode_is_known"),
    CheckConstraint(
        "state in ('opening', 'open', 'complete', 'expired', 'refused')", name="state_is_known"
    ),
    CheckConstraint("(state = 'refused') = (refusal is not null)", name="a_refusal_says_why"),
    CheckConstraint(
        "(mode = 'payment') = (payment_id is not null)", name="a_payment_page_has_a_payment"
    ),
    Index("ix_checkouts_checkouts_external_id", "external_id"),
)
