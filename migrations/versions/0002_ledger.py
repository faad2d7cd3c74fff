"""Ledger: accounts, transactions, entries.

Entries carry the number and the balance they left behind, so that a statement, and the proof that
recomputes it, is one index range. Transactions and entries may be inserted and never changed: a
mistake is answered by a reversing transaction.
"""

import sqlalchemy as sa
from alembic import op

from migrations import append_only
from migrations.types import instant, key

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "ledger_accounts",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("side", sa.SmallInteger, nullable=False),
        sa.Column("posted", sa.BigInteger, nullable=False),
        sa.Column("held", sa.BigInteger, nullable=False),
        sa.Column("floor", sa.BigInteger),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("opened_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_ledger_accounts"),
        sa.CheckConstraint("side in (1, -1)", name="ck_ledger_accounts_side_is_debit_or_credit"),
        sa.CheckConstraint("held >= 0", name="ck_ledger_accounts_held_is_never_negative"),
        postgresql_with={"fillfactor": "50"},
    )
    _create_transactions()
    _create_entries()


def _create_transactions() -> None:
    op.create_table(
        "ledger_transactions",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("posted_at", instant(), nullable=False),
        sa.Column("reverses", key()),
        sa.Column("invocation_id", key()),
        sa.Column("memo", sa.String(500), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_ledger_transactions"),
        sa.UniqueConstraint(
            "project_id", "reference", name="uq_ledger_transactions_project_id_reference"
        ),
    )
    op.create_index("ix_ledger_transactions_id", "ledger_transactions", ["id"])
    append_only.protect("ledger_transactions")


def _create_entries() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("account_id", key(), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("transaction_id", key(), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("balance", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "account_id", "sequence", name="pk_ledger_entries"),
        sa.CheckConstraint("amount <> 0", name="ck_ledger_entries_amount_moves_something"),
    )
    op.create_index(
        "ix_ledger_entries_project_id_transaction_id",
        "ledger_entries",
        ["project_id", "transaction_id"],
    )
    append_only.protect("ledger_entries")


def downgrade() -> None:
    raise NotImplementedError("a ledger is not un-created; restore a backup instead")
