"""The tables of auto top-up: one rule for each wallet, and every attempt that a rule has made."""

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

rules = Table(
    "topups_rules",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("wallet_id", Key("wal"), nullable=False),
    Column("state", String(8), nullable=False),
    Column("threshold", BigInteger, nullable=False),
    Column("asset", String(20), nullable=False),
    Column("pack_key", String(64), nullable=False),
    Column("quantity", Integer, nullable=False),
    # None: whichever method is the project's default when the time comes.
    Column("method_id", Key("pmt")),
    # The most that it may come to, in a day and in a month of the project's.
    Column("daily_count_max", Integer, nullable=False),
    Column("monthly_count_max", Integer, nullable=False),
    Column("currency", String(20), nullable=False),
    Column("daily_spend_max", BigInteger),
    Column("monthly_spend_max", BigInteger, nullable=False),
    # In a row, since the last one that succeeded.
    Column("failures", Integer, nullable=False),
    # Left alone until then, and why: after a failure, or because a cap was reached.
    Column("rests_until", Instant),
    Column("rests_for", String(64)),
    Column("paused_for", String(64)),
    Column("set_by", String(160), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("project_id", "wallet_id"),
    CheckConstraint("state in ('on', 'paused', 'off')", name="state_is_known"),
    CheckConstraint("(state = 'paused') = (paused_for is not null)", name="a_pause_says_why"),
    CheckConstraint("threshold > 0 and quantity > 0", name="something_is_bought"),
    CheckConstraint(
        "daily_count_max > 0 and monthly_count_max > 0 and monthly_spend_max > 0"
        " and daily_spend_max > 0",
        name="caps_allow_something",
    ),
    index_where("ix_topups_rules_watched", "project_id", "wallet_id", where="state = 'on'"),
)

attempts = Table(
    "topups_attempts",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("top"), nullable=False),
    Column("wallet_id", Key("wal"), nullable=False),
    Column("state", String(12), nullable=False),
    # What it spends if it succeeds; what is bought, its payment says.
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(20), nullable=False),
    Column("price_id", String(255)),
    # Chosen when the provider is first asked, and kept: who asks again must ask for the same.
    Column("method_id", Key("pmt")),
    Column("customer", String(255)),
    Column("method", String(255)),
    Column("checkout_id", Key("chk")),
    Column("failure", json_column()),
    Column("began_at", Instant, nullable=False),
    Column("asked_at", Instant),
    # When somebody was told that a person must pay by the link.
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
        "state <> 'needs_action' or checkout_id is not null", name="a_link_is_there_to_follow"
    ),
    # Never two at once for one wallet, whatever the code believes.
    index_where(
        "ix_topups_attempts_one_open",
        "project_id",
        "wallet_id",
        where="closed_at is null",
        unique=True,
    ),
    Index("ix_topups_attempts_of_a_wallet", "project_id", "wallet_id", "began_at"),
)
