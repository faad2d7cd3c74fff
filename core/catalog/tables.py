"""The tables of the catalog. All of it belongs to the platform, so that no project leads a key.

A draft and what was published are two tables: a draft is changed and in the end taken away, and a
published version is only ever inserted, which a trigger enforces.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
)

from core.db.schema import Instant, Key, index_where, json_column, metadata

products = Table(
    "catalog_products",
    metadata,
    Column("id", Key("prd"), nullable=False),
    Column("key", String(64), nullable=False),
    Column("name", String(120), nullable=False),
    Column("description", String(500)),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("archived_at", Instant),
    PrimaryKeyConstraint("id"),
    Index("ix_catalog_products_key", "key", unique=True),
)

features = Table(
    "catalog_features",
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
    Index("ix_catalog_features_key", "key", unique=True),
)

books = Table(
    "catalog_books",
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
    Index("ix_catalog_books_key", "key", unique=True),
    index_where("ix_catalog_books_one_default", "asset", where="is_default", unique=True),
)

plans = Table(
    "catalog_plans",
    metadata,
    Column("id", Key("pln"), nullable=False),
    Column("key", String(64), nullable=False),
    Column("product_id", Key("prd"), nullable=False),
    Column("name", String(120), nullable=False),
    Column("description", String(500)),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("archived_at", Instant),
    PrimaryKeyConstraint("id"),
    Index("ix_catalog_plans_key", "key", unique=True),
    Index("ix_catalog_plans_product_id", "product_id"),
)


def _terms() -> tuple[Column[object], ...]:
    return (
        Column("interval", String(8), nullable=False),
        Column("interval_count", Integer, nullable=False),
        Column("trial_days", Integer, nullable=False),
        # As they are written: see `core.catalog.writing`.
        Column("items", json_column(), nullable=False),
        Column("entitlements", json_column(), nullable=False),
        Column("included_credits", json_column()),
        Column("notes", String(500)),
    )


drafts = Table(
    "catalog_drafts",
    metadata,
    Column("plan_id", Key("pln"), nullable=False),
    # What the version is called once it is published.
    Column("id", Key("plv"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    *_terms(),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # A plan has one draft at most.
    PrimaryKeyConstraint("plan_id"),
    Index("ix_catalog_drafts_id", "id", unique=True),
)

versions = Table(
    "catalog_versions",
    metadata,
    Column("id", Key("plv"), nullable=False),
    Column("plan_id", Key("pln"), nullable=False),
    Column("number", Integer, nullable=False),
    *_terms(),
    Column("created_at", Instant, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("effective_at", Instant, nullable=False),
    # Covers every column before it, in their order; the proof recomputes it.
    Column("digest", LargeBinary(16), nullable=False),
    PrimaryKeyConstraint("id"),
    CheckConstraint("number > 0", name="numbers_begin_at_one"),
    CheckConstraint("effective_at >= published_at", name="nothing_takes_effect_in_the_past"),
    Index("ix_catalog_versions_number", "plan_id", "number", unique=True),
)
