"""The ledger's tables. Transactions and entries are only ever inserted; a trigger enforces it.

Of a grant only what is left of it ever changes, and of a hold only what became of it: that too.

What is left of a grant stands in its row, but for the one that burns: of that one, in its account.

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

from core.db.schema import Instant, Key, changing, index_where, json_column, metadata

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
    Column("pinned", BigInteger, nullable=False),
    Column("burning", Key("grt")),
    Column("burning_left", BigInteger, nullable=False),
    Column("due_at", Instant),
    PrimaryKeyConstraint("project_id", "id"),
    CheckConstraint("side in (1, -1)", name="side_is_debit_or_credit"),
    CheckConstraint("held >= 0", name="held_is_never_negative"),
    CheckConstraint("pinned between 0 and held", name="only_what_is_held_is_pinned"),
    CheckConstraint("burning_left >= 0", name="left_is_never_negative"),
    index_where("ix_ledger_accounts_due_at", "due_at", where="due_at is not null"),
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
    # Which grants paid, with how much each: `[["grt_…", 250]]`; null where none did.
    Column("burned", json_column()),
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

grants = Table(
    "ledger_grants",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("account_id", Key("acc"), nullable=False),
    Column("id", Key("grt"), nullable=False),
    Column("transaction_id", Key("txn"), nullable=False),
    Column("source", String(40), nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("granted_at", Instant, nullable=False),
    Column("amount", BigInteger, nullable=False),
    # Covers every column before it; what is left is proven from what was burned.
    Column("digest", LargeBinary(16), nullable=False),
    Column("remaining", BigInteger, nullable=False),
    PrimaryKeyConstraint("project_id", "account_id", "id"),
    CheckConstraint("remaining between 0 and amount", name="no_more_is_left_than_there_was"),
    index_where(
        "ix_ledger_grants_in_burn_order",
        "project_id",
        "account_id",
        "priority",
        "expires_at",
        "id",
        where="remaining > 0",
    ),
    index_where(
        "ix_ledger_grants_expiring",
        "project_id",
        "account_id",
        "expires_at",
        where="remaining > 0",
    ),
    info=changing("remaining"),
)

holds = Table(
    "ledger_holds",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("hld"), nullable=False),
    Column("account_id", Key("acc"), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("capture_max", BigInteger, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("memo", String(500), nullable=False),
    Column("invocation_id", Key("inv")),
    Column("held_at", Instant, nullable=False),
    Column("parts", json_column(), nullable=False),
    # Covers every column before it; what became of the hold is proven from the ledger.
    Column("digest", LargeBinary(16), nullable=False),
    Column("state", String(10), nullable=False),
    Column("captured", BigInteger, nullable=False),
    Column("transaction_id", Key("txn")),
    Column("closed_at", Instant),
    Column("absorbed", json_column(), nullable=False),
    PrimaryKeyConstraint("project_id", "id"),
    CheckConstraint("amount > 0", name="a_hold_holds_something"),
    CheckConstraint(
        "(state = 'captured') = (transaction_id is not null)", name="a_transaction_captured_it"
    ),
    Index("ix_ledger_holds_project_id_account_id", "project_id", "account_id", "id"),
    index_where(
        "ix_ledger_holds_expiring",
        "project_id",
        "account_id",
        "expires_at",
        where="state = 'open'",
    ),
    info=changing("state", "captured", "transaction_id", "closed_at", "absorbed"),
)
