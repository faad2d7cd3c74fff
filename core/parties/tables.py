"""The tables of who sells and who buys."""

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, String, Table

from core.db.schema import Instant, Key, json_column, metadata

entities = Table(
    "parties_entities",
    metadata,
    Column("key", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    # As they are written: see `core.parties.writing`.
    Column("details", json_column(), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("key"),
)
"""Who issues invoices: the platform's own, so that no project leads the key."""

billing = Table(
    "parties_billing",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("details", json_column(), nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("project_id"),
)
"""What a project wants its invoices to say about it."""
