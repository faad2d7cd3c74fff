"""Frame: the trail (calls, events, seals) and the results kept for idempotency keys.

Rows of the trail are never changed. Each carries a keyed digest of its other columns, and seals
chain the digests, so that a changed, missing or smuggled-in row can be shown.
"""

import sqlalchemy as sa
from alembic import op

from migrations import append_only
from migrations.types import instant, json, key

revision = "0001"
down_revision = None


def upgrade() -> None:
    append_only.install()
    _create_invocations()
    _create_events()
    op.create_table(
        "audit_seals",
        sa.Column("trail", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("sealed_at", instant(), nullable=False),
        sa.Column("row_count", sa.Integer, nullable=False),
        sa.Column("row_ids", sa.LargeBinary, nullable=False),
        sa.Column("previous", sa.LargeBinary(16), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("trail", "number", name="pk_audit_seals"),
    )
    append_only.protect("audit_seals")
    op.create_table(
        "operations_idempotency_keys",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("subject", sa.String(160), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("operation", sa.String(64), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("result", json()),
        sa.PrimaryKeyConstraint(
            "project_id", "subject", "key", name="pk_operations_idempotency_keys"
        ),
    )
    op.create_index(
        "ix_operations_idempotency_keys_created_at", "operations_idempotency_keys", ["created_at"]
    )


def _create_invocations() -> None:
    op.create_table(
        "audit_invocations",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("caller_kind", sa.String(12), nullable=False),
        sa.Column("subject", sa.String(160), nullable=False),
        sa.Column("user_id", key()),
        sa.Column("client_id", sa.String(300)),
        sa.Column("key_id", key()),
        sa.Column("role", sa.String(12)),
        sa.Column("door", sa.String(12), nullable=False),
        sa.Column("operation", sa.String(64), nullable=False),
        sa.Column("effect", sa.String(12), nullable=False),
        sa.Column("decision", sa.String(12), nullable=False),
        sa.Column("error_code", sa.String(64)),
        sa.Column("replayed", sa.Boolean, nullable=False),
        sa.Column("duration_us", sa.BigInteger, nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("trace_id", sa.String(64), nullable=False),
        sa.Column("arguments_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("arguments", json(), nullable=False),
        sa.Column("touched", json(), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_audit_invocations"),
    )
    op.create_index("ix_audit_invocations_id", "audit_invocations", ["id"])
    append_only.protect("audit_invocations")


def _create_events() -> None:
    op.create_table(
        "audit_events",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("subject", sa.String(160), nullable=False),
        sa.Column("user_id", key()),
        sa.Column("client_id", sa.String(300)),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("object_id", sa.String(300), nullable=False),
        sa.Column("invocation_id", key()),
        sa.Column("details", json(), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_id", "audit_events", ["id"])
    append_only.protect("audit_events")


def downgrade() -> None:
    raise NotImplementedError("a trail is not un-written; restore a backup instead")
