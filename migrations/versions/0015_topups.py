"""Auto top-up: one rule for each wallet, and every attempt that a rule has made."""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, json, key

revision = "0015"
down_revision = "0014"

RULES, ATTEMPTS = "topups_rules", "topups_attempts"


def upgrade() -> None:
    _make_rules()
    _make_attempts()


def _make_rules() -> None:
    op.create_table(
        RULES,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("wallet_id", key(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("threshold", sa.BigInteger, nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("pack_key", sa.String(64), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("method_id", key()),
        sa.Column("daily_count_max", sa.Integer, nullable=False),
        sa.Column("monthly_count_max", sa.Integer, nullable=False),
        sa.Column("currency", sa.String(20), nullable=False),
        sa.Column("daily_spend_max", sa.BigInteger),
        sa.Column("monthly_spend_max", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("rests_until", instant()),
        sa.Column("rests_for", sa.String(64)),
        sa.Column("paused_for", sa.String(64)),
        sa.Column("set_by", sa.String(160), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "wallet_id", name="pk_topups_rules"),
        sa.CheckConstraint(
            "state in ('on', 'paused', 'off')", name="ck_topups_rules_state_is_known"
        ),
        sa.CheckConstraint(
            "(state = 'paused') = (paused_for is not null)",
            name="ck_topups_rules_a_pause_says_why",
        ),
        sa.CheckConstraint(
            "threshold > 0 and quantity > 0", name="ck_topups_rules_something_is_bought"
        ),
        sa.CheckConstraint(
            "daily_count_max > 0 and monthly_count_max > 0 and monthly_spend_max > 0"
            " and daily_spend_max > 0",
            name="ck_topups_rules_caps_allow_something",
        ),
    )
    is_on = sa.text("state = 'on'")
    op.create_index(
        "ix_topups_rules_watched",
        RULES,
        ["project_id", "wallet_id"],
        sqlite_where=is_on,
        postgresql_where=is_on,
    )


def _make_attempts() -> None:
    op.create_table(
        ATTEMPTS,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("wallet_id", key(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(20), nullable=False),
        sa.Column("price_id", sa.String(255)),
        sa.Column("method_id", key()),
        sa.Column("customer", sa.String(255)),
        sa.Column("method", sa.String(255)),
        sa.Column("checkout_id", key()),
        sa.Column("failure", json()),
        sa.Column("began_at", instant(), nullable=False),
        sa.Column("asked_at", instant()),
        sa.Column("told_at", instant()),
        sa.Column("closed_at", instant()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_topups_attempts"),
        sa.CheckConstraint(
            "state in ('paying', 'processing', 'needs_action', 'succeeded', 'failed', 'canceled')",
            name="ck_topups_attempts_state_is_known",
        ),
        sa.CheckConstraint(
            "(closed_at is null) = (state in ('paying', 'processing', 'needs_action'))",
            name="ck_topups_attempts_what_is_over_is_closed",
        ),
        sa.CheckConstraint(
            "(asked_at is null) = (customer is null) and (asked_at is null) = (method is null)",
            name="ck_topups_attempts_who_is_asked_is_known",
        ),
        sa.CheckConstraint(
            "state <> 'needs_action' or checkout_id is not null",
            name="ck_topups_attempts_a_link_is_there_to_follow",
        ),
    )
    is_open = sa.text("closed_at is null")
    op.create_index(
        "ix_topups_attempts_one_open",
        ATTEMPTS,
        ["project_id", "wallet_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index(
        "ix_topups_attempts_of_a_wallet", ATTEMPTS, ["project_id", "wallet_id", "began_at"]
    )


def downgrade() -> None:
    raise NotImplementedError("money was spent by these rules; restore a backup instead")
