"""The tables of packs. A pack belongs to the platform; who may see it may be told by project."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
)

from core.db.schema import Instant, Key, index_where, metadata

packs = Table(
    "packs_packs",
    metadata,
    Column("id", Key("pck"), nullable=False),
    Column("key", String(64), nullable=False),
    Column("name", String(120), nullable=False),
    Column("description", String(500)),
    Column("credits", BigInteger, nullable=False),
    Column("bonus", BigInteger, nullable=False),
    Column("asset", String(20), nullable=False),
    Column("expires_after_days", Integer),
    Column("visibility", String(8), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("archived_at", Instant),
    # How far the provider knows it: its product, and what came of telling it last.
    Column("product_id", String(255)),
    Column("sync_state", String(8), nullable=False),
    Column("sync_code", String(64)),
    Column("sync_reason", String(500)),
    Column("synced_version", Integer, nullable=False),
    Column("synced_at", Instant),
    PrimaryKeyConstraint("id"),
    CheckConstraint("credits > 0", name="a_pack_has_credits"),
    CheckConstraint("bonus >= 0", name="bonus_is_never_negative"),
    CheckConstraint("visibility in ('all', 'listed')", name="visibility_is_known"),
    CheckConstraint(
        "sync_state in ('waiting', 'synced', 'refused', 'drifted')", name="sync_state_is_known"
    ),
    Index("ix_packs_packs_key", "key", unique=True),
    Index("ix_packs_packs_product_id", "product_id"),
)

prices = Table(
    "packs_prices",
    metadata,
    Column("id", Key("prc"), nullable=False),
    Column("pack_id", Key("pck"), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("asset", String(20), nullable=False),
    Column("created_at", Instant, nullable=False),
    # Nothing is sold at it any more; at the provider it is archived after that.
    Column("retired_at", Instant),
    Column("external_id", String(255)),
    Column("archived_at", Instant),
    PrimaryKeyConstraint("id"),
    CheckConstraint("amount > 0", name="a_price_asks_for_something"),
    Index("ix_packs_prices_pack_id", "pack_id", "id"),
    Index("ix_packs_prices_external_id", "external_id"),
    index_where("ix_packs_prices_one_is_asked", "pack_id", where="retired_at is null", unique=True),
)

visible = Table(
    "packs_visible",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("pack_id", Key("pck"), nullable=False),
    PrimaryKeyConstraint("project_id", "pack_id"),
    Index("ix_packs_visible_pack_id", "pack_id"),
)
"""Which projects see a pack that is shown to listed projects only."""
