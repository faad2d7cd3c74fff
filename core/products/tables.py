"""The tables of what plans are made of. They are the platform's: no project leads a key."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
)

from core.db.schema import Instant, Key, index_where, metadata

products = Table(
    "products_products",
    metadata,
    Column("id", Key("prd"), nullable=False),
    Column("key", String(64), nullable=False),
    Column("name", String(120), nullable=False),
    Column("description", String(500)),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("archived_at", Instant),
    PrimaryKeyConstraint("id"),
    Index("ix_products_products_key", "key", unique=True),
)

features = Table(
    "products_features",
    metadata,
    Column("id", Key("ftr"), nullable=False),
    Column("key", String(64), nullable=False),
    Column("name", String(120), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("unit", String(40)),
    Column("meter_key", String(64)),
    Column("created_at", Instant, nullable=False),
    Column("archived_at", Instant),
    PrimaryKeyConstraint("id"),
    CheckConstraint("kind in ('switch', 'limit', 'quota')", name="kind_is_known"),
    CheckConstraint("(kind = 'quota') = (meter_key is not null)", name="a_quota_has_a_meter"),
    Index("ix_products_features_key", "key", unique=True),
)

books = Table(
    "products_books",
    metadata,
    Column("id", Key("pbk"), nullable=False),
    Column("key", String(64), nullable=False),
    Column("name", String(120), nullable=False),
    Column("asset", String(20), nullable=False),
    Column("starts_at", Instant),
    Column("ends_at", Instant),
    Column("priority", Integer, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("id"),
    CheckConstraint("starts_at < ends_at", name="it_is_open_for_some_time"),
    CheckConstraint(
        "not is_default or (starts_at is null and ends_at is null)",
        name="the_default_is_always_open",
    ),
    Index("ix_products_books_key", "key", unique=True),
    index_where("ix_products_books_one_default", "asset", where="is_default", unique=True),
)
