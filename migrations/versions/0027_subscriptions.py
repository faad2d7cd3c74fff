"""Subscriptions: who pays for which plan, how it came to be so, what was billed and granted."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.types import instant, json, key

revision = "0027"
down_revision = "0026"

SUBSCRIPTIONS, HISTORY = "subscriptions_subscriptions", "subscriptions_history"
BILLS, CREDITS = "subscriptions_bills", "subscriptions_credits"


def upgrade() -> None:
    _subscriptions()
    _one_at_a_time()
    _history()
    _bills()
    _credits()


def downgrade() -> None:
    raise NotImplementedError("projects are subscribed; restore a backup instead")


def _subscriptions() -> None:
    op.create_table(
        SUBSCRIPTIONS,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("product_key", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("choice", json(), nullable=False),
        sa.Column("next", json()),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("wallet_id", key()),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("interval_unit", sa.String(5), nullable=False),
        sa.Column("interval_count", sa.Integer, nullable=False),
        sa.Column("anchor_at", instant(), nullable=False),
        sa.Column("anchor_day", sa.Integer),
        sa.Column("period_start_at", instant(), nullable=False),
        sa.Column("period_end_at", instant(), nullable=False),
        sa.Column("discounts", json(), nullable=False),
        sa.Column("trial_ends_at", instant()),
        sa.Column("trial_told_at", instant()),
        sa.Column("at_trial_end", sa.String(6), nullable=False),
        sa.Column("cancel_at", instant()),
        sa.Column("paused_at", instant()),
        sa.Column("resumes_at", instant()),
        sa.Column("starts_at", instant(), nullable=False),
        sa.Column("ended_at", instant()),
        sa.Column("next_due_at", instant()),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name=f"pk_{SUBSCRIPTIONS}"),
        *_what_must_hold(),
    )
    due = sa.text("next_due_at is not null")
    op.create_index(
        f"ix_{SUBSCRIPTIONS}_due",
        SUBSCRIPTIONS,
        ["next_due_at", "project_id", "id"],
        sqlite_where=due,
        postgresql_where=due,
    )
    op.create_index(
        f"ix_{SUBSCRIPTIONS}_product_key", SUBSCRIPTIONS, ["product_key", "project_id", "id"]
    )


def _what_must_hold() -> list[sa.CheckConstraint]:
    rules = {
        "state_is_known": "state in ('draft', 'trialing', 'active', 'past_due', 'suspended',"
        " 'paused', 'canceled', 'expired')",
        "what_goes_on_has_a_due_date": "state not in ('draft', 'trialing', 'active', 'past_due')"
        " or next_due_at is not null",
        "what_is_over_ended": "(state in ('canceled', 'expired')) = (ended_at is not null)",
        "a_pause_has_begun": "(state = 'paused') = (paused_at is not null)",
        "a_period_ends_after_its_start": "period_start_at <= period_end_at",
        "it_ends_after_its_start": "starts_at <= ended_at",
        "an_interval_lasts": "interval_count > 0",
    }
    return [
        sa.CheckConstraint(rule, name=f"ck_{SUBSCRIPTIONS}_{name}") for name, rule in rules.items()
    ]


def _one_at_a_time() -> None:
    """Refuse a second one of a product, and on Postgres two whose times overlap."""
    is_live = sa.text("ended_at is null")
    op.create_index(
        f"ix_{SUBSCRIPTIONS}_one_live",
        SUBSCRIPTIONS,
        ["project_id", "product_key"],
        unique=True,
        sqlite_where=is_live,
        postgresql_where=is_live,
    )
    if op.get_bind().dialect.name == "postgresql":
        # A trusted extension: whoever owns the database may add it.
        op.execute("create extension if not exists btree_gist")
        op.execute(
            f"alter table {SUBSCRIPTIONS} add constraint subscriptions_never_overlap"
            " exclude using gist (project_id with =, product_key with =,"
            " tstzrange(starts_at, ended_at) with &&)"
        )


def _history() -> None:
    op.create_table(
        HISTORY,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("subscription_id", key(), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("verb", sa.String(16), nullable=False),
        sa.Column("before", sa.String(10)),
        sa.Column("after", sa.String(10), nullable=False),
        sa.Column("effective_at", instant(), nullable=False),
        sa.Column("done_at", instant(), nullable=False),
        sa.Column("done_by", sa.String(160), nullable=False),
        sa.Column("why", sa.String(500)),
        sa.Column("told", json(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "subscription_id", "revision", name=f"pk_{HISTORY}"),
    )
    protect(HISTORY)


def _bills() -> None:
    op.create_table(
        BILLS,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("subscription_id", key(), nullable=False),
        sa.Column("period_start_at", instant(), nullable=False),
        sa.Column("reason", sa.String(24), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("period_end_at", instant(), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("lines", json(), nullable=False),
        sa.Column("credits", sa.BigInteger),
        sa.Column("credits_asset", sa.String(20)),
        sa.Column("credits_until", instant()),
        sa.Column("invoice_id", sa.String(40)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("failed_at", instant()),
        sa.Column("paid_at", instant()),
        sa.PrimaryKeyConstraint(
            "project_id", "subscription_id", "period_start_at", "reason", name=f"pk_{BILLS}"
        ),
        sa.CheckConstraint(
            "(credits is null) = (credits_asset is null)",
            name=f"ck_{BILLS}_credits_are_of_an_asset",
        ),
        sa.CheckConstraint("credits > 0", name=f"ck_{BILLS}_credits_are_positive"),
    )
    op.create_index(f"ix_{BILLS}_id", BILLS, ["project_id", "id"], unique=True)


def _credits() -> None:
    op.create_table(
        CREDITS,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("subscription_id", key(), nullable=False),
        sa.Column("transaction_id", key(), nullable=False),
        sa.Column("bill_id", key(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("wallet_id", key(), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("expires_at", instant()),
        sa.Column("rollover_max", sa.BigInteger, nullable=False),
        sa.Column("granted_at", instant(), nullable=False),
        sa.Column("rolled_at", instant()),
        sa.PrimaryKeyConstraint(
            "project_id", "subscription_id", "transaction_id", name=f"pk_{CREDITS}"
        ),
        sa.CheckConstraint("kind in ('included', 'rolled')", name=f"ck_{CREDITS}_kind_is_known"),
        sa.CheckConstraint("amount > 0", name=f"ck_{CREDITS}_amount_is_positive"),
        sa.CheckConstraint("rollover_max >= 0", name=f"ck_{CREDITS}_rollover_is_never_negative"),
    )
