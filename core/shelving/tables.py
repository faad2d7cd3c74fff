"""The tables of the shelf. Like the catalog, all of it belongs to the platform."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
)

from core.db.schema import Instant, Key, json_column, metadata

shelves = Table(
    "shelving_shelves",
    metadata,
    Column("plan_id", Key("pln"), nullable=False),
    Column("plan_key", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("name", String(120), nullable=False),
    Column("product_id", String(255)),
    Column("state", String(8), nullable=False),
    Column("code", String(64)),
    Column("reason", String(500)),
    Column("drift", String(500)),
    Column("synced_revision", Integer, nullable=False),
    Column("synced_at", Instant),
    Column("checked_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("archived_at", Instant),
    PrimaryKeyConstraint("plan_id"),
    CheckConstraint("state in ('waiting', 'synced', 'refused')", name="state_is_known"),
    Index("ix_shelving_shelves_plan_key", "plan_key", unique=True),
    Index("ix_shelving_shelves_product_id", "product_id"),
)

prices = Table(
    "shelving_prices",
    metadata,
    Column("id", Key("shp"), nullable=False),
    Column("plan_id", Key("pln"), nullable=False),
    Column("version_id", Key("plv"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("item_key", String(64), nullable=False),
    Column("book_key", String(64), nullable=False),
    Column("meter_key", String(64)),
    # As it was asked for; see `core.shelving.finding`.
    Column("cost", json_column()),
    Column("billed_by_us", String(500)),
    Column("attempt", Integer, nullable=False),
    Column("external_id", String(255)),
    Column("refused", String(500)),
    Column("drift", String(500)),
    Column("created_at", Instant, nullable=False),
    Column("archived_at", Instant),
    PrimaryKeyConstraint("id"),
    CheckConstraint(
        "(cost is null) = (billed_by_us is not null)", name="what_is_not_there_has_a_reason"
    ),
    Index("ix_shelving_prices_place", "version_id", "item_key", "book_key", unique=True),
    Index("ix_shelving_prices_plan_id", "plan_id", "version"),
    Index("ix_shelving_prices_external_id", "external_id"),
)
