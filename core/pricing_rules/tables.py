"""The tables of pricing rules, which belong to the platform."""

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

rules = Table(
    "pricing_rules_rules",
    metadata,
    Column("id", Key("prl"), nullable=False),
    Column("key", String(64), nullable=False),
    # The newest version, which may not be in force yet.
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("archived_at", Instant),
    PrimaryKeyConstraint("id"),
    CheckConstraint("version > 0", name="versions_count_from_one"),
    Index("ix_pricing_rules_rules_key", "key", unique=True),
)

versions = Table(
    "pricing_rules_versions",
    metadata,
    Column("rule_id", Key("prl"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("name", String(120), nullable=False),
    Column("terms", json_column(), nullable=False),
    Column("effective_at", Instant, nullable=False),
    Column("ends_at", Instant),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("rule_id", "version"),
    CheckConstraint("ends_at > effective_at", name="a_version_ends_after_it_begins"),
    CheckConstraint("effective_at >= created_at", name="the_past_keeps_its_rules"),
)
"""What a rule says from when on. Rows are never changed."""

PROTECTED = (versions.name,)
