"""The tables of facts: which properties there are, and what is said of each project."""

from sqlalchemy import CheckConstraint, Column, PrimaryKeyConstraint, String, Table

from core.db.schema import Instant, Key, json_column, metadata

properties = Table(
    "pricing_facts_properties",
    metadata,
    Column("whose", String(8), nullable=False),
    Column("name", String(64), nullable=False),
    Column("type", String(8), nullable=False),
    Column("description", String(500)),
    Column("allowed", json_column(), nullable=False),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("whose", "name"),
    CheckConstraint("whose in ('project', 'usage')", name="owner_is_known"),
    CheckConstraint("type in ('text', 'number', 'boolean')", name="type_is_known"),
)

projects = Table(
    "pricing_facts_projects",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("country", String(2)),
    Column("region", String(6)),
    Column("segments", json_column(), nullable=False),
    Column("properties", json_column(), nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("project_id"),
)
"""What the operator says about a project. The project is not told."""
