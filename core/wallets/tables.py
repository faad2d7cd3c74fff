"""The wallets' table. What a wallet holds is the ledger's to know."""

from sqlalchemy import Column, Index, PrimaryKeyConstraint, String, Table

from core.db.schema import Instant, Key, metadata

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
    Index("ix_wallets_wallets_project_id_asset", "project_id", "asset"),
)
