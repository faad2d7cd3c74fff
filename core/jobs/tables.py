"""Jobs, with their due dates, leases and fates, and the leases of whoever must be alone."""

from sqlalchemy import Column, Float, Integer, PrimaryKeyConstraint, String, Table, UniqueConstraint

from core.db.schema import Instant, Key, index_where, json_column, metadata

jobs = Table(
    "jobs_jobs",
    metadata,
    Column("id", Key("job"), nullable=False),
    Column("project_id", Key("prj"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("key", String(255)),
    Column("arguments", json_column(), nullable=False),
    Column("every_seconds", Float),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("lease_until", Instant),
    Column("lease_token", Integer, nullable=False),
    Column("finished_at", Instant),
    Column("buried_at", Instant),
    Column("error", String(500)),
    # One worker looks for the due jobs of every project, so the project does not lead these keys.
    PrimaryKeyConstraint("id"),
    UniqueConstraint("name", "key"),
    index_where(
        "ix_jobs_jobs_waiting", "due_at", "id", where="finished_at is null and buried_at is null"
    ),
    index_where("ix_jobs_jobs_finished", "finished_at", where="finished_at is not null"),
    index_where("ix_jobs_jobs_buried", "buried_at", where="buried_at is not null"),
)

leases = Table(
    "jobs_leases",
    metadata,
    Column("name", String(64), nullable=False),
    Column("holder", String(128), nullable=False),
    Column("token", Integer, nullable=False),
    Column("lease_until", Instant, nullable=False),
    PrimaryKeyConstraint("name"),
)
