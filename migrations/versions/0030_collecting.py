"""Money for invoices: attempts to collect it, and payments that sell no credits."""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, json, key

revision = "0030"
down_revision = "0034"

PAYMENTS, ATTEMPTS = "payments_payments", "collecting_attempts"

BEFORE: Mapping[str, str] = {
    "bonus_is_never_negative": "bonus >= 0",
    "money_comes_in": "amount >= 0 and received >= 0",
    "no_more_goes_back_than_came": "refunded between 0 and received",
    "no_more_is_disputed_than_came": "disputed between 0 and received",
    "something_is_bought": "credits > 0",
    "status_is_known": "status in ('expected', 'pending', 'failed', 'succeeded', 'canceled')",
    "succeeds_at_an_instant": "(status = 'succeeded') = (succeeded_at is not null)",
    "what_succeeded_is_booked": "(status = 'succeeded') = (transaction_id is not null)",
}
CHANGED: Mapping[str, str] = {
    "an_invoice_is_paid_by_name": "(purpose = 'invoice') = (invoice_id is not null)",
    "something_is_bought": "(purpose = 'invoice') = (wallet_id is null)"
    " and (purpose = 'invoice') = (credits = 0) and credits >= 0",
    "no_more_is_applied_than_came": "applied between 0 and received",
}


def upgrade() -> None:
    # A table whose rules change is written anew where it cannot be altered; so it is spelled out.
    with op.batch_alter_table(PAYMENTS, copy_from=_payments()) as payments:
        payments.drop_constraint(f"ck_{PAYMENTS}_something_is_bought", type_="check")
        payments.alter_column("wallet_id", existing_type=key(), nullable=True)
        payments.add_column(sa.Column("invoice_id", key()))
        payments.add_column(sa.Column("applied", sa.BigInteger))
        for name, rule in CHANGED.items():
            payments.create_check_constraint(f"ck_{PAYMENTS}_{name}", sa.text(rule))
    op.create_index(
        f"ix_{PAYMENTS}_invoice_id",
        PAYMENTS,
        ["project_id", "invoice_id"],
        sqlite_where=sa.text("invoice_id is not null"),
        postgresql_where=sa.text("invoice_id is not null"),
    )
    _attempts()


def downgrade() -> None:
    raise NotImplementedError("payments hold money; restore a backup instead")


def _payments() -> sa.Table:
    """Return the table as it was."""
    return sa.Table(
        PAYMENTS,
        sa.MetaData(),
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
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("amount", "received", "refunded", "disputed")
        ),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("failure", json()),
        *(
            sa.Column(name, sa.String(255))
            for name in ("customer_id", "external_id", "charge_id", "method_id")
        ),
        sa.Column("created_by", sa.String(160), nullable=False),
        sa.Column("invocation_id", key()),
        sa.Column("created_at", instant(), nullable=False),
        *(
            sa.Column(name, instant())
            for name in ("seen_at", "last_event_at", "succeeded_at", "closed_at")
        ),
        sa.Column("transaction_id", key()),
        sa.Column("bonus_transaction_id", key()),
        sa.Column("underpaid_at", instant()),
        sa.PrimaryKeyConstraint("project_id", "id", name=f"pk_{PAYMENTS}"),
        sa.UniqueConstraint(
            "project_id", "external_id", name=f"uq_{PAYMENTS}_project_id_external_id"
        ),
        *(sa.CheckConstraint(rule, name=f"ck_{PAYMENTS}_{name}") for name, rule in BEFORE.items()),
        sa.Index(f"ix_{PAYMENTS}_charge_id", "charge_id"),
        sa.Index(f"ix_{PAYMENTS}_external_id", "external_id"),
    )


def _attempts() -> None:
    op.create_table(
        ATTEMPTS,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("invoice_id", key(), nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(20), nullable=False),
        sa.Column("wanted_method_id", key()),
        sa.Column("method_id", key()),
        sa.Column("customer", sa.String(255)),
        sa.Column("method", sa.String(255)),
        sa.Column("checkout_id", key()),
        sa.Column("failure", json()),
        sa.Column("created_by", sa.String(160), nullable=False),
        sa.Column("began_at", instant(), nullable=False),
        sa.Column("asked_at", instant()),
        sa.Column("told_at", instant()),
        sa.Column("closed_at", instant()),
        sa.PrimaryKeyConstraint("project_id", "id", name=f"pk_{ATTEMPTS}"),
        sa.CheckConstraint(
            "state in ('paying', 'processing', 'needs_action', 'succeeded', 'failed', 'canceled')",
            name=f"ck_{ATTEMPTS}_state_is_known",
        ),
        sa.CheckConstraint(
            "(closed_at is null) = (state in ('paying', 'processing', 'needs_action'))",
            name=f"ck_{ATTEMPTS}_what_is_over_is_closed",
        ),
        sa.CheckConstraint(
            "(asked_at is null) = (customer is null) and (asked_at is null) = (method is null)",
            name=f"ck_{ATTEMPTS}_who_is_asked_is_known",
        ),
        sa.CheckConstraint(
            "state <> 'needs_action' or checkout_id is not null",
            name=f"ck_{ATTEMPTS}_a_page_is_there_to_pay_on",
        ),
        sa.CheckConstraint("amount > 0", name=f"ck_{ATTEMPTS}_something_is_collected"),
    )
    _index("one_open", ["project_id", "invoice_id"], "closed_at is null", unique=True)
    _index("invoice", ["project_id", "invoice_id", "turn"], unique=True)
    _index("checkout", ["project_id", "checkout_id"], "checkout_id is not null")


def _index(name: str, columns: list[str], where: str = "", *, unique: bool = False) -> None:
    only = sa.text(where) if where else None
    op.create_index(
        f"ix_{ATTEMPTS}_{name}",
        ATTEMPTS,
        columns,
        unique=unique,
        sqlite_where=only,
        postgresql_where=only,
    )
