"""The trail's tables. Rows are only ever inserted; a trigger enforces it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
)

from core.db.schema import Instant, Key, json_column, metadata

invocations = Table(
    "audit_invocations",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("inv"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("caller_kind", String(12), nullable=False),
    Column("subject", String(160), nullable=False),
    Column("user_id", Key("usr")),
    Column("client_id", String(300)),
    Column("key_id", Key("key")),
    Column("role", String(12)),
    Column("door", String(12), nullable=False),
    Column("operation", String(64), nullable=False),
    Column("effect", String(12), nullable=False),
    Column("decision", String(12), nullable=False),
    Column("error_code", String(64)),
    Column("replayed", Boolean, nullable=False),
    Column("duration_us", BigInteger, nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("trace_id", String(64), nullable=False),
    Column("arguments_digest", LargeBinary(32), nullable=False),
    Column("arguments", json_column(), nullable=False),
    Column("touched", json_column(), nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
    PrimaryKeyConstraint("project_id", "id"),
    Index("ix_audit_invocations_id", "id"),
)

events = Table(
    "audit_events",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("aud"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("subject", String(160), nullable=False),
    Column("user_id", Key("usr")),
    Column("client_id", String(300)),
    Column("action", String(64), nullable=False),
    Column("object_id", String(300), nullable=False),
    Column("invocation_id", Key("inv")),
    Column("details", json_column(), nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
    PrimaryKeyConstraint("project_id", "id"),
    Index("ix_audit_events_id", "id"),
)

seals = Table(
    "audit_seals",
    metadata,
    Column("trail", String(32), nullable=False),
    Column("number", Integer, nullable=False, autoincrement=False),
    Column("sealed_at", Instant, nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("row_ids", LargeBinary, nullable=False),
    Column("previous", LargeBinary(16), nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
    PrimaryKeyConstraint("trail", "number"),
)
