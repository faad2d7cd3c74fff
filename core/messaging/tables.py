"""What waits to be told, and what each consumer has seen."""

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, String, Table

from core.db.schema import Instant, Key, index_where, json_column, metadata

outbox = Table(
    "messaging_outbox",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("evt"), nullable=False),
    Column("type", String(64), nullable=False),
    Column("object_id", String(300), nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("invocation_id", Key("inv")),
    Column("data", json_column(), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("lease_token", Integer, nullable=False),
    Column("dispatched_at", Instant),
    Column("error", String(500)),
    PrimaryKeyConstraint("project_id", "id"),
    # The two indexes hold what waits and what may be deleted; no row is in both.
    index_where("ix_messaging_outbox_waiting", "due_at", "id", where="dispatched_at is null"),
    index_where(
        "ix_messaging_outbox_dispatched", "dispatched_at", where="dispatched_at is not null"
    ),
)

consumed = Table(
    "messaging_consumed",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("event_id", Key("evt"), nullable=False),
    Column("consumer", String(64), nullable=False),
    Column("consumed_at", Instant, nullable=False, index=True),
    PrimaryKeyConstraint("project_id", "event_id", "consumer"),
)
