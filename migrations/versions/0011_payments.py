"""Payers and payments: customers and their methods, what was asked for, and what came."""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, json, key

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "payers_customers",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("external_id", sa.String(255), nullable=False),
        sa.Column("default_method", sa.String(255)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("deleted_at", instant()),
        sa.Column("seen_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "generation", name="pk_payers_customers"),
    )
    op.create_index("ix_payers_customers_external_id", "payers_customers", ["external_id"])
    op.create_table(
        "payers_methods",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("external_id", sa.String(255), nullable=False),
        sa.Column("customer_id", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("brand", sa.String(40)),
        sa.Column("last4", sa.String(4)),
        sa.Column("expiry_month", sa.Integer),
        sa.Column("expiry_year", sa.Integer),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("seen_at", instant(), nullable=False),
        sa.Column("detached_at", instant()),
        sa.Column("default_wanted_at", instant()),
        sa.Column("detach_wanted_at", instant()),
        sa.Column("refusal", json()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_payers_methods"),
        sa.UniqueConstraint(
            "project_id", "external_id", name="uq_payers_methods_project_id_external_id"
        ),
    )
    op.create_index("ix_payers_methods_external_id", "payers_methods", ["external_id"])
    op.create_table(
        "payments_payments",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("source_id", sa.String(40), nullable=False),
        sa.Column("pack_id", key()),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("wallet_id", key(), nullable=False),
        sa.Column("credits", sa.BigInteger, nullable=False),
        sa.Column("bonus", sa.BigInteger, nullable=False),
        sa.Column("credits_asset", sa.String(20), nullable=False),
        sa.Column("expires_after_days", sa.Integer),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("refunded", sa.BigInteger, nullable=False),
        sa.Column("disputed", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("failure", json()),
        sa.Column("customer_id", sa.String(255)),
        sa.Column("external_id", sa.String(255)),
        sa.Column("charge_id", sa.String(255)),
        sa.Column("method_id", sa.String(255)),
        sa.Column("created_by", sa.String(160), nullable=False),
        sa.Column("invocation_id", key()),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("seen_at", instant()),
        sa.Column("last_event_at", instant()),
        sa.Column("succeeded_at", instant()),
        sa.Column("closed_at", instant()),
        sa.Column("transaction_id", key()),
        sa.Column("bonus_transaction_id", key()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_payments_payments"),
        sa.UniqueConstraint(
            "project_id", "external_id", name="uq_payments_payments_project_id_external_id"
        ),
        sa.CheckConstraint("bonus >= 0", name="ck_payments_payments_bonus_is_never_negative"),
        sa.CheckConstraint(
            "amount >= 0 and received >= 0", name="ck_payments_payments_money_comes_in"
        ),
        sa.CheckConstraint(
            "refunded between 0 and received",
            name="ck_payments_payments_no_more_goes_back_than_came",
        ),
        sa.CheckConstraint(
            "disputed between 0 and received",
            name="ck_payments_payments_no_more_is_disputed_than_came",
        ),
        sa.CheckConstraint("credits > 0", name="ck_payments_payments_something_is_bought"),
        sa.CheckConstraint(
            "status in ('expected', 'pending', 'failed', 'succeeded', 'canceled')",
            name="ck_payments_payments_status_is_known",
        ),
        sa.CheckConstraint(
            "(status = 'succeeded') = (succeeded_at is not null)",
            name="ck_payments_payments_succeeds_at_an_instant",
        ),
        sa.CheckConstraint(
            "(status = 'succeeded') = (transaction_id is not null)",
            name="ck_payments_payments_what_succeeded_is_booked",
        ),
    )
    op.create_index("ix_payments_payments_charge_id", "payments_payments", ["charge_id"])
    op.create_index("ix_payments_payments_external_id", "payments_payments", ["external_id"])


def downgrade() -> None:
    raise NotImplementedError("payments hold money; restore a backup instead")
