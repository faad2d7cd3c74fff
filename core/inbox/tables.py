"""What a provider told us, and how far each of its objects has been followed."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
)

from core.db.schema import Instant, index_where, json_column, metadata

events = Table(
    "inbox_events",
    metadata,
    # What others tell us is named by them, before we know whose project it is about.
    Column("source", String(16), nullable=False),
    Column("external_id", String(255), nullable=False),
    Column("endpoint", String(16), nullable=False),
    Column("type", String(255), nullable=False),
    Column("object_id", String(255)),
    Column("api_version", String(64)),
    Column("livemode", Boolean, nullable=False),
    Column("payload", json_column(), nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("replays", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("error", String(500)),
    Column("handled_at", Instant),
    Column("ignored_at", Instant),
    Column("parked_at", Instant),
    PrimaryKeyConstraint("source", "external_id"),
    CheckConstraint(
        "(handled_at is null or ignored_at is null) and (handled_at is null or parked_at is null)"
        " and (ignored_at is null or parked_at is null)",
        name="ends_in_one_way",
    ),
    Index("ix_inbox_events_received", "received_at", "external_id"),
    Index("ix_inbox_events_type", "type", "received_at"),
    Index("ix_inbox_events_object", "object_id", "received_at"),
    # Small, and asked for again and again: what waits and what was given up.
    index_where(
        "ix_inbox_events_open",
        "received_at",
        "external_id",
        where="handled_at is null and ignored_at is null",
    ),
)

objects = Table(
    "inbox_objects",
    metadata,
    Column("source", String(16), nullable=False),
    Column("object_id", String(255), nullable=False),
    Column("version", Integer, nullable=False),
    Column("last_event_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False, index=True),
    PrimaryKeyConstraint("source", "object_id"),
)
