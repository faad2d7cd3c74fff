"""The tables of coupons. Coupons and codes are the platform's; what was redeemed is a project's."""

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
)

from core.db.schema import Instant, Key, index_where, json_column, metadata

coupons = Table(
    "coupons_coupons",
    metadata,
    Column("id", Key("cpn"), nullable=False),
    Column("key", String(64), nullable=False),
    Column("name", String(120), nullable=False),
    Column("description", String(500)),
    Column("kind", String(8), nullable=False),
    # A decimal text: exact on both databases.
    Column("percent", String(12)),
    # What an amount takes off, or the credits it gives, in smallest units of `asset`.
    Column("amount", BigInteger),
    Column("asset", String(20)),
    Column("credits_expire_after_days", Integer),
    Column("trial_days", Integer),
    Column("duration", String(10), nullable=False),
    Column("periods", Integer),
    Column("product_keys", json_column(), nullable=False),
    Column("minimum", BigInteger),
    Column("minimum_asset", String(20)),
    Column("stackable", Boolean, nullable=False),
    Column("first_purchase_only", Boolean, nullable=False),
    Column("redemptions_max", Integer),
    Column("redemptions_per_project", Integer, nullable=False),
    Column("redeem_by", Instant),
    # Counted up under its limit by whoever redeems, and by nobody else.
    Column("redeemed", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("archived_at", Instant),
    PrimaryKeyConstraint("id"),
    CheckConstraint("kind in ('percent', 'amount', 'credits', 'trial')", name="kind_is_known"),
    CheckConstraint("duration in ('once', 'repeating', 'forever')", name="duration_is_known"),
    CheckConstraint("(kind = 'percent') = (percent is not null)", name="a_percentage_says_which"),
    CheckConstraint(
        "(kind in ('amount', 'credits')) = (amount is not null)"
        " and (amount is null) = (asset is null)",
        name="an_amount_is_of_an_asset",
    ),
    CheckConstraint("(kind = 'trial') = (trial_days is not null)", name="a_trial_has_days"),
    CheckConstraint(
        "(duration = 'repeating') = (periods is not null)", name="what_repeats_says_how_often"
    ),
    CheckConstraint("(minimum is null) = (minimum_asset is null)", name="a_minimum_is_of_an_asset"),
    CheckConstraint(
        "amount > 0 and periods > 0 and trial_days > 0 and minimum > 0"
        " and credits_expire_after_days > 0 and redemptions_max > 0"
        " and redemptions_per_project > 0",
        name="figures_are_positive",
    ),
    CheckConstraint("redeemed >= 0", name="redeemed_is_never_negative"),
    Index("ix_coupons_coupons_key", "key", unique=True),
)

codes = Table(
    "coupons_codes",
    metadata,
    Column("id", Key("prm"), nullable=False),
    Column("coupon_id", Key("cpn"), nullable=False),
    Column("code", String(40), nullable=False),
    # The code without hyphens and in one case: by this it is looked up.
    Column("folded", String(40), nullable=False),
    # The only project that may redeem it; the code itself is the platform's.
    Column("project_id", Key("prj")),
    Column("redemptions_max", Integer),
    Column("redeem_by", Instant),
    Column("first_purchase_only", Boolean, nullable=False),
    Column("redeemed", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("deactivated_at", Instant),
    PrimaryKeyConstraint("id"),
    CheckConstraint("redemptions_max > 0", name="a_limit_allows_something"),
    CheckConstraint("redeemed >= 0", name="redeemed_is_never_negative"),
    CheckConstraint(
        "redemptions_max is null or redeemed <= redemptions_max", name="no_more_than_its_limit"
    ),
    Index("ix_coupons_codes_folded", "folded", unique=True),
    Index("ix_coupons_codes_coupon_id", "coupon_id", "id"),
)

customers = Table(
    "coupons_customers",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("coupon_id", Key("cpn"), nullable=False),
    Column("redeemed", Integer, nullable=False),
    PrimaryKeyConstraint("project_id", "coupon_id"),
    CheckConstraint("redeemed >= 0", name="redeemed_is_never_negative"),
)
"""How often a project has redeemed a coupon: counted up under the coupon's limit."""

redemptions = Table(
    "coupons_redemptions",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("dsc"), nullable=False),
    Column("coupon_id", Key("cpn"), nullable=False),
    Column("code_id", Key("prm"), nullable=False),
    Column("state", String(8), nullable=False),
    Column("periods_left", Integer),
    Column("reference", String(64)),
    Column("wallet_id", Key("wal")),
    Column("transaction_id", Key("txn")),
    Column("redeemed_by", String(160), nullable=False),
    Column("redeemed_at", Instant, nullable=False),
    Column("ended_at", Instant),
    PrimaryKeyConstraint("project_id", "id"),
    CheckConstraint(
        "state in ('reserved', 'active', 'used', 'granted', 'removed', 'released')",
        name="state_is_known",
    ),
    CheckConstraint(
        "(ended_at is null) = (state in ('reserved', 'active'))", name="what_is_over_ended"
    ),
    CheckConstraint("periods_left >= 0", name="no_more_periods_than_there_were"),
    CheckConstraint(
        "(state = 'granted') = (transaction_id is not null)", name="what_was_granted_is_booked"
    ),
    index_where(
        "ix_coupons_redemptions_standing",
        "project_id",
        "id",
        where="state in ('reserved', 'active')",
    ),
)

uses = Table(
    "coupons_uses",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("redemption_id", Key("dsc"), nullable=False),
    # What was billed: each takes one period of the discount, once for ever.
    Column("period", String(120), nullable=False),
    # What it took off; nothing where it made something last longer.
    Column("amount", BigInteger),
    Column("asset", String(20)),
    Column("used_at", Instant, nullable=False),
    PrimaryKeyConstraint("project_id", "redemption_id", "period"),
    CheckConstraint("amount >= 0", name="a_discount_takes_nothing_away"),
    CheckConstraint("(amount is null) = (asset is null)", name="an_amount_is_of_an_asset"),
)
