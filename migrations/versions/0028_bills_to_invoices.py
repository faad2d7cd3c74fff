"""Bills become invoices: why one has none, whose an invoice is, and what was given back."""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, json, key

revision = "0028"
down_revision = "0030"

BEFORE, BILLS, RETURNS = "subscriptions_bills", "dues_bills", "dues_returns"


def upgrade() -> None:
    op.add_column("invoicing_invoices", sa.Column("subscription_id", key()))
    _bills()
    _move()
    _returns()


def downgrade() -> None:
    raise NotImplementedError("invoices were issued; restore a backup instead")


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
        sa.Column("invoice_id", key()),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("failed_at", instant()),
        sa.Column("paid_at", instant()),
        sa.Column("without_invoice", sa.String(12)),
        sa.Column("written_off_at", instant()),
        sa.PrimaryKeyConstraint(
            "project_id", "subscription_id", "period_start_at", "reason", name=f"pk_{BILLS}"
        ),
        sa.CheckConstraint(
            "(credits is null) = (credits_asset is null)",
            name=f"ck_{BILLS}_credits_are_of_an_asset",
        ),
        sa.CheckConstraint("credits > 0", name=f"ck_{BILLS}_credits_are_positive"),
        sa.CheckConstraint(
            "(invoice_id is null) = (without_invoice is not null)",
            name=f"ck_{BILLS}_without_an_invoice_there_is_a_reason",
        ),
        sa.CheckConstraint(
            "paid_at is null or written_off_at is null",
            name=f"ck_{BILLS}_what_is_paid_is_not_written_off",
        ),
    )
    op.create_index(f"ix_{BILLS}_id", BILLS, ["project_id", "id"], unique=True)
    _index("invoice", ["project_id", "invoice_id"], "invoice_id is not null", unique=True)
    _index("waiting", ["project_id", "id"], "without_invoice = 'no_entity'")
    _index("failed", ["asset"], "failed_at is not null and paid_at is null")


def _index(name: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    only = sa.text(where)
    op.create_index(
        f"ix_{BILLS}_{name}",
        BILLS,
        columns,
        unique=unique,
        sqlite_where=only,
        postgresql_where=only,
    )


def _move() -> None:
    """Move the bills there are. What is owed is invoiced once somebody issues invoices."""
    same = (
        "project_id, subscription_id, period_start_at, reason, id, period_end_at, asset, total,"
        " lines, credits, credits_asset, credits_until, created_at, failed_at, paid_at"
    )
    why_not = "case when paid_at is null then 'no_entity' else 'before' end"
    op.execute(
        f"insert into {BILLS} ({same}, without_invoice)"  # noqa: S608 - names of our own tables
        f" select {same}, {why_not} from {BEFORE}"
    )
    op.drop_table(BEFORE)


def _returns() -> None:
    rules = {
        "kind_is_known": "kind in ('note', 'kept', 'waived')",
        "something_was_returned": "amount > 0",
        "no_more_is_used_than_was_kept": "unused between 0 and amount",
        "only_what_was_kept_is_used": "kind = 'kept' or unused = 0",
        "a_note_is_named": "(kind = 'note') = (note_id is not null)",
    }
    op.create_table(
        RETURNS,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("bill_id", key(), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(6), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("invoice_id", key()),
        sa.Column("note_id", key()),
        sa.Column("wallet_id", key()),
        sa.Column("unused", sa.BigInteger, nullable=False),
        sa.Column("returned_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "bill_id", "position", name=f"pk_{RETURNS}"),
        *(sa.CheckConstraint(rule, name=f"ck_{RETURNS}_{name}") for name, rule in rules.items()),
    )
