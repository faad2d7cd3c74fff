"""The wallets' table. What a wallet holds is the ledger's to know."""

from sqlalchemy import Column, PrimaryKeyConstraint, String, Table

from core.db.schema import Instant, Key, index_where, metadata

wallets = Table(
    "wallets_wallets",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("wal"), nullable=False),
    Column("name", String(120), nullable=False),
    Column("asset", String(20), nullable=False),
    Column("user_id", Key("usr")),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("project_id", "id"),
    # A project's own wallets, without those of its members: the oldest of an asset is the default.
    index_where(
        "ix_wallets_wallets_of_the_project",
        "project_id",
        "asset",
        "id",
        where="user_id is null",
    ),
)
