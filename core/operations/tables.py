"""Where the results of calls with an idempotency key are kept."""

from sqlalchemy import Column, Index, LargeBinary, PrimaryKeyConstraint, String, Table

from core.db.schema import Instant, Key, json_column, metadata

idempotency_keys = Table(
    "operations_idempotency_keys",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("subject", String(160), nullable=False),
    Column("key", String(255), nullable=False),
    Column("operation", String(64), nullable=False),
    Column("request_hash", LargeBinary(32), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("result", json_column()),
    PrimaryKeyConstraint("project_id", "subject", "key"),
    Index("ix_operations_idempotency_keys_created_at", "created_at"),
)
