"""Ledger: accounts, transactions, entries, grants, holds.

Entries carry the number and the balance they left behind, so that a statement, and the proof that
recomputes it, is one index range. Transactions and entries may be inserted and never changed: a
mistake is answered by a reversing transaction. Of a grant only what is left of it changes, and of a
hold only what became of it.
"""

import sqlalchemy as sa
from alembic import op

from migrations import append_only
from migrations.types import instant, json, key

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
        sa.Column("pinned", sa.BigInteger, nullable=False),
        sa.Column("burning", key()),
        sa.Column("burning_left", sa.BigInteger, nullable=False),
        sa.Column("due_at", instant()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_ledger_accounts"),
        sa.CheckConstraint(
            "pinned between 0 and held", name="ck_ledger_accounts_only_what_is_held_is_pinned"
        ),
        sa.CheckConstraint("burning_left >= 0", name="ck_ledger_accounts_left_is_never_negative"),
        sa.CheckConstraint("side in (1, -1)", name="ck_ledger_accounts_side_is_debit_or_credit"),
        sa.CheckConstraint("held >= 0", name="ck_ledger_accounts_held_is_never_negative"),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index(
        "ix_ledger_accounts_due_at",
        "ledger_accounts",
        ["due_at"],
        postgresql_where=sa.text("due_at is not null"),
        sqlite_where=sa.text("due_at is not null"),
    )
    _create_transactions()
    _create_entries()
    _create_grants()
    _create_holds()


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
        sa.Column("burned", json()),
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


def _create_grants() -> None:
    op.create_table(
        "ledger_grants",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("account_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("transaction_id", key(), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("granted_at", instant(), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("remaining", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "account_id", "id", name="pk_ledger_grants"),
        sa.CheckConstraint(
            "remaining between 0 and amount",
            name="ck_ledger_grants_no_more_is_left_than_there_was",
        ),
    )
    keys = ["project_id", "account_id"]
    _index_where("ledger_grants", "in_burn_order", [*keys, "priority", "expires_at", "id"], LEFT)
    _index_where("ledger_grants", "expiring", [*keys, "expires_at"], LEFT)
    append_only.protect("ledger_grants", but=("remaining",))


def _create_holds() -> None:
    op.create_table(
        "ledger_holds",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("account_id", key(), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("capture_max", sa.BigInteger, nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("memo", sa.String(500), nullable=False),
        sa.Column("invocation_id", key()),
        sa.Column("held_at", instant(), nullable=False),
        sa.Column("parts", json(), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("captured", sa.BigInteger, nullable=False),
        sa.Column("transaction_id", key()),
        sa.Column("closed_at", instant()),
        sa.Column("absorbed", json(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_ledger_holds"),
        sa.CheckConstraint("amount > 0", name="ck_ledger_holds_a_hold_holds_something"),
        sa.CheckConstraint(
            "(state = 'captured') = (transaction_id is not null)",
            name="ck_ledger_holds_a_transaction_captured_it",
        ),
    )
    keys = ["project_id", "account_id"]
    op.create_index("ix_ledger_holds_project_id_account_id", "ledger_holds", [*keys, "id"])
    _index_where("ledger_holds", "expiring", [*keys, "expires_at"], "state = 'open'")
    closing = ("state", "captured", "transaction_id", "closed_at", "absorbed")
    append_only.protect("ledger_holds", but=closing)


LEFT = "remaining > 0"


def _index_where(table: str, name: str, columns: list[str], where: str) -> None:
    only = sa.text(where)
    op.create_index(f"ix_{table}_{name}", table, columns, postgresql_where=only, sqlite_where=only)
