"""Reconciliations and every difference they found. Of the installation: they span projects."""

from sqlalchemy import CheckConstraint, Column, Integer, PrimaryKeyConstraint, String, Table

from core.db.schema import Instant, Key, json_column, metadata

reconciliations = Table(
    "reconciling_reconciliations",
    metadata,
    Column("id", Key("rcn"), nullable=False),
    Column("state", String(10), nullable=False),
    Column("start_at", Instant, nullable=False),
    Column("end_at", Instant, nullable=False),
    Column("counts", json_column(), nullable=False),
    Column("differences", Integer, nullable=False),
    Column("error", String(500)),
    Column("asked_by", String(160), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    PrimaryKeyConstraint("id"),
    CheckConstraint("state in ('running', 'clean', 'different', 'failed')", name="state_is_known"),
    CheckConstraint("(state = 'running') = (finished_at is null)", name="finishes_at_an_instant"),
)

differences = Table(
    "reconciling_differences",
    metadata,
    Column("reconciliation_id", Key("rcn"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("object", String(32), nullable=False),
    # Whose, where that is known.
    Column("about_project_id", Key("prj")),
    Column("our_id", String(64)),
    Column("external_id", String(255)),
    Column("ours", String(255)),
    Column("theirs", String(255)),
    PrimaryKeyConstraint("reconciliation_id", "number"),
)
