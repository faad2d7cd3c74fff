"""The tables of what plans are made of. They are the platform's: no project leads a key."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
)

from core.db.schema import Instant, Key, metadata

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
    Column("revision", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("id"),
    CheckConstraint("starts_at < ends_at", name="it_is_open_for_some_time"),
    Index("ix_products_books_key", "key", unique=True),
)

defaults = Table(
    "products_defaults",
    metadata,
    # A currency has one default at most, whoever chooses another at the same time.
    Column("asset", String(20), nullable=False),
    Column("book_id", Key("pbk"), nullable=False),
    PrimaryKeyConstraint("asset"),
)
