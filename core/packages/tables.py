"""The tables of packages. They belong to the platform."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, PrimaryKeyConstraint, String, Table

from core.db.schema import Instant, Key, json_column, metadata

packages = Table(
    "packages_packages",
    metadata,
    Column("id", Key("pkg"), nullable=False),
    Column("key", String(64), nullable=False),
    # The newest version, which is the one that is sold.
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("archived_at", Instant),
    PrimaryKeyConstraint("id"),
    CheckConstraint("version > 0", name="versions_count_from_one"),
    Index("ix_packages_packages_key", "key", unique=True),
)

versions = Table(
    "packages_versions",
    metadata,
    Column("package_id", Key("pkg"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("name", String(120), nullable=False),
    Column("description", String(500)),
    Column("terms", json_column(), nullable=False),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("package_id", "version"),
)
"""What a package is, version by version. Rows are never changed."""

PROTECTED = (versions.name,)
