"""The ledger's tables. Transactions and entries are only ever inserted; a trigger enforces it.

No foreign keys: they would halve the rate of posting. Posting locks every account it names first,
and the proof looks for entries without a transaction or an account.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

from core.db.schema import Instant, Key, metadata

accounts = Table(
    "ledger_accounts",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("acc"), nullable=False),
    Column("role", String(16), nullable=False),
    Column("asset", String(20), nullable=False),
    Column("side", SmallInteger, nullable=False),
    Column("posted", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("floor", BigInteger),
    Column("sequence", BigInteger, nullable=False),
    Column("opened_at", Instant, nullable=False),
    PrimaryKeyConstraint("project_id", "id"),
    CheckConstraint("side in (1, -1)", name="side_is_debit_or_credit"),
    CheckConstraint("held >= 0", name="held_is_never_negative"),
    # Room in each page, so that a new balance is written beside the old one and no index changes.
    postgresql_with={"fillfactor": 50},
)

transactions = Table(
    "ledger_transactions",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("txn"), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("reference", String(200), nullable=False),
    Column("posted_at", Instant, nullable=False),
    Column("reverses", Key("txn")),
    Column("invocation_id", Key("inv")),
    Column("memo", String(500), nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
    PrimaryKeyConstraint("project_id", "id"),
    UniqueConstraint("project_id", "reference"),
    # Seals go through the transactions of all projects in the order of their ids.
    Index("ix_ledger_transactions_id", "id"),
)

entries = Table(
    "ledger_entries",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("account_id", Key("acc"), nullable=False),
    Column("sequence", BigInteger, nullable=False, autoincrement=False),
    Column("transaction_id", Key("txn"), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("balance", BigInteger, nullable=False),
    PrimaryKeyConstraint("project_id", "account_id", "sequence"),
    CheckConstraint("amount <> 0", name="amount_moves_something"),
    Index("ix_ledger_entries_project_id_transaction_id", "project_id", "transaction_id"),
)
