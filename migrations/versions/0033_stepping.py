"""Subscriptions and invoices that the provider bills, and how they stand in the books."""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, json, key

revision = "0033"
down_revision = "0029"

SUBSCRIBED, THERE = "subscriptions_subscriptions", "stepping_subscriptions"
INVOICES, PAYMENTS, EARNINGS = "stepping_invoices", "stepping_payments", "stepping_earnings"


def upgrade() -> None:
    op.add_column(SUBSCRIBED, sa.Column("provider_id", sa.String(255)))
    only = sa.text("provider_id is not null")
    op.create_index(
        f"ix_{SUBSCRIBED}_provider_id",
        SUBSCRIBED,
        ["project_id", "provider_id"],
        unique=True,
        sqlite_where=only,
        postgresql_where=only,
    )
    _subscriptions()
    _invoices()
    _payments()
    _earnings()


def downgrade() -> None:
    raise NotImplementedError("money is booked for invoices; restore a backup instead")


def _subscriptions() -> None:
    op.create_table(
        THERE,
        sa.Column("provider_id", sa.String(255), nullable=False),
        sa.Column("project_id", key()),
        sa.Column("subscription_id", key()),
        sa.Column("customer_id", sa.String(255), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("price_ids", json(), nullable=False),
        sa.Column("problem", sa.String(64)),
        sa.Column("reason", sa.String(500)),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("seen_at", instant(), nullable=False),
        sa.Column("applied_at", instant()),
        sa.Column("created_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name=f"pk_{THERE}"),
    )
    only = sa.text("problem is not null")
    op.create_index(
        f"ix_{THERE}_problem", THERE, ["provider_id"], sqlite_where=only, postgresql_where=only
    )


def _invoices() -> None:
    op.create_table(
        INVOICES,
        sa.Column("provider_id", sa.String(255), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("project_id", key()),
        sa.Column("subscription_id", key()),
        sa.Column("provider_subscription_id", sa.String(255), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("number", sa.String(255)),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("total", "tax", "received", "elsewhere", "returned")
        ),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("bill_id", key()),
        sa.Column("transaction_id", key()),
        sa.Column("seen_at", instant(), nullable=False),
        sa.Column("booked_at", instant()),
        sa.PrimaryKeyConstraint("provider_id", name=f"pk_{INVOICES}"),
        sa.CheckConstraint(
            "(booked_at is null) = (bill_id is null)",
            name=f"ck_{INVOICES}_what_is_booked_is_billed",
        ),
        sa.CheckConstraint(
            "returned between 0 and received", name=f"ck_{INVOICES}_no_more_goes_back_than_came"
        ),
    )
    op.create_index(f"ix_{INVOICES}_id", INVOICES, ["project_id", "id"])
    by_subscription = "provider_subscription_id"
    op.create_index(f"ix_{INVOICES}_{by_subscription}", INVOICES, [by_subscription])


def _payments() -> None:
    op.create_table(
        PAYMENTS,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("payment_id", key(), nullable=False),
        sa.Column("invoice_id", key(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "payment_id", name=f"pk_{PAYMENTS}"),
    )
    op.create_index(f"ix_{PAYMENTS}_invoice_id", PAYMENTS, ["project_id", "invoice_id"])


def _earnings() -> None:
    op.create_table(
        EARNINGS,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("invoice_id", key(), nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("billed", "net", "recognized")
        ),
        *(sa.Column(name, instant()) for name in ("start_at", "end_at", "next_at")),
        sa.PrimaryKeyConstraint("project_id", "invoice_id", "line", name=f"pk_{EARNINGS}"),
    )
    only = sa.text("next_at is not null")
    op.create_index(
        f"ix_{EARNINGS}_next_at",
        EARNINGS,
        ["next_at", "project_id", "invoice_id"],
        sqlite_where=only,
        postgresql_where=only,
    )
