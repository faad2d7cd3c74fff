"""The tables of plans. They belong to the platform, so that no project leads a key.

A draft and what was published are two tables: a draft is changed and in the end taken away, and a
published version is only ever inserted, which a trigger enforces.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
)

from core.db.schema import Instant, Key, json_column, metadata

plans = Table(
    "catalog_plans",
    metadata,
    Column("id", Key("pln"), nullable=False),
    Column("key", String(64), nullable=False),
    Column("product_key", String(64), nullable=False),
    Column("name", String(120), nullable=False),
    Column("description", String(500)),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("archived_at", Instant),
    PrimaryKeyConstraint("id"),
    Index("ix_catalog_plans_key", "key", unique=True),
    Index("ix_catalog_plans_product_key", "product_key"),
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
