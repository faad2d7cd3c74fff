"""Coupons, the codes they are had by, and what each project redeemed and used of them."""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, json, key

revision = "0020"
down_revision = "0017"


def upgrade() -> None:
    _make_coupons()
    _make_codes()
    _make_customers()
    _make_redemptions()
    _make_uses()


def _make_coupons() -> None:
    op.create_table(
        "coupons_coupons",
        sa.Column("id", key(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("description", sa.String(500)),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("percent", sa.String(12)),
        sa.Column("amount", sa.BigInteger),
        sa.Column("asset", sa.String(20)),
        sa.Column("credits_expire_after_days", sa.Integer),
        sa.Column("trial_days", sa.Integer),
        sa.Column("duration", sa.String(10), nullable=False),
        sa.Column("periods", sa.Integer),
        sa.Column("product_keys", json(), nullable=False),
        sa.Column("minimum", sa.BigInteger),
        sa.Column("minimum_asset", sa.String(20)),
        sa.Column("stackable", sa.Boolean, nullable=False),
        sa.Column("first_purchase_only", sa.Boolean, nullable=False),
        sa.Column("redemptions_max", sa.Integer),
        sa.Column("redemptions_per_project", sa.Integer, nullable=False),
        sa.Column("redeem_by", instant()),
        sa.Column("redeemed", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.Column("archived_at", instant()),
        sa.PrimaryKeyConstraint("id", name="pk_coupons_coupons"),
        sa.CheckConstraint(
            "kind in ('percent', 'amount', 'credits', 'trial')",
            name="ck_coupons_coupons_kind_is_known",
        ),
        sa.CheckConstraint(
            "duration in ('once', 'repeating', 'forever')",
            name="ck_coupons_coupons_duration_is_known",
        ),
        sa.CheckConstraint(
            "(kind = 'percent') = (percent is not null)",
            name="ck_coupons_coupons_a_percentage_says_which",
        ),
        sa.CheckConstraint(
            "(kind in ('amount', 'credits')) = (amount is not null)"
            " and (amount is null) = (asset is null)",
            name="ck_coupons_coupons_an_amount_is_of_an_asset",
        ),
        sa.CheckConstraint(
            "(kind = 'trial') = (trial_days is not null)",
            name="ck_coupons_coupons_a_trial_has_days",
        ),
        sa.CheckConstraint(
            "(duration = 'repeating') = (periods is not null)",
            name="ck_coupons_coupons_what_repeats_says_how_often",
        ),
        sa.CheckConstraint(
            "(minimum is null) = (minimum_asset is null)",
            name="ck_coupons_coupons_a_minimum_is_of_an_asset",
        ),
        sa.CheckConstraint(
            "amount > 0 and periods > 0 and trial_days > 0 and minimum > 0"
            " and credits_expire_after_days > 0 and redemptions_max > 0"
            " and redemptions_per_project > 0",
            name="ck_coupons_coupons_figures_are_positive",
        ),
        sa.CheckConstraint("redeemed >= 0", name="ck_coupons_coupons_redeemed_is_never_negative"),
    )
    op.create_index("ix_coupons_coupons_key", "coupons_coupons", ["key"], unique=True)


def _make_codes() -> None:
    op.create_table(
        "coupons_codes",
        sa.Column("id", key(), nullable=False),
        sa.Column("coupon_id", key(), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("folded", sa.String(40), nullable=False),
        sa.Column("project_id", key()),
        sa.Column("redemptions_max", sa.Integer),
        sa.Column("redeem_by", instant()),
        sa.Column("first_purchase_only", sa.Boolean, nullable=False),
        sa.Column("redeemed", sa.Integer, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("deactivated_at", instant()),
        sa.PrimaryKeyConstraint("id", name="pk_coupons_codes"),
        sa.CheckConstraint("redemptions_max > 0", name="ck_coupons_codes_a_limit_allows_something"),
        sa.CheckConstraint("redeemed >= 0", name="ck_coupons_codes_redeemed_is_never_negative"),
        sa.CheckConstraint(
            "redemptions_max is null or redeemed <= redemptions_max",
            name="ck_coupons_codes_no_more_than_its_limit",
        ),
    )
    op.create_index("ix_coupons_codes_coupon_id", "coupons_codes", ["coupon_id", "id"])
    op.create_index("ix_coupons_codes_folded", "coupons_codes", ["folded"], unique=True)


def _make_customers() -> None:
    op.create_table(
        "coupons_customers",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("coupon_id", key(), nullable=False),
        sa.Column("redeemed", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "coupon_id", name="pk_coupons_customers"),
        sa.CheckConstraint("redeemed >= 0", name="ck_coupons_customers_redeemed_is_never_negative"),
    )


def _make_redemptions() -> None:
    op.create_table(
        "coupons_redemptions",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("coupon_id", key(), nullable=False),
        sa.Column("code_id", key(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("periods_left", sa.Integer),
        sa.Column("reference", sa.String(64)),
        sa.Column("wallet_id", key()),
        sa.Column("transaction_id", key()),
        sa.Column("redeemed_by", sa.String(160), nullable=False),
        sa.Column("redeemed_at", instant(), nullable=False),
        sa.Column("ended_at", instant()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_coupons_redemptions"),
        sa.CheckConstraint(
            "state in ('reserved', 'active', 'used', 'granted', 'removed', 'released')",
            name="ck_coupons_redemptions_state_is_known",
        ),
        sa.CheckConstraint(
            "(ended_at is null) = (state in ('reserved', 'active'))",
            name="ck_coupons_redemptions_what_is_over_ended",
        ),
        sa.CheckConstraint(
            "periods_left >= 0", name="ck_coupons_redemptions_no_more_periods_than_there_were"
        ),
        sa.CheckConstraint(
            "(state = 'granted') = (transaction_id is not null)",
            name="ck_coupons_redemptions_what_was_granted_is_booked",
        ),
    )
    standing = sa.text("state in ('reserved', 'active')")
    op.create_index(
        "ix_coupons_redemptions_standing",
        "coupons_redemptions",
        ["project_id", "id"],
        sqlite_where=standing,
        postgresql_where=standing,
    )


def _make_uses() -> None:
    op.create_table(
        "coupons_uses",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("redemption_id", key(), nullable=False),
        sa.Column("period", sa.String(120), nullable=False),
        sa.Column("amount", sa.BigInteger),
        sa.Column("asset", sa.String(20)),
        sa.Column("used_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "redemption_id", "period", name="pk_coupons_uses"),
        sa.CheckConstraint("amount >= 0", name="ck_coupons_uses_a_discount_takes_nothing_away"),
        sa.CheckConstraint(
            "(amount is null) = (asset is null)", name="ck_coupons_uses_an_amount_is_of_an_asset"
        ),
    )


def downgrade() -> None:
    raise NotImplementedError("what was promised to customers is in here; restore a backup instead")
