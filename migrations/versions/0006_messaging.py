"""Messaging and jobs: the outbox, the inbox, what waits to be done, and leases."""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, json, key

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _create_outbox()
    op.create_table(
        "messaging_consumed",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("event_id", key(), nullable=False),
        sa.Column("consumer", sa.String(64), nullable=False),
        sa.Column("consumed_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "event_id", "consumer", name="pk_messaging_consumed"),
    )
    op.create_index("ix_messaging_consumed_consumed_at", "messaging_consumed", ["consumed_at"])
    op.create_table(
        "messaging_inbox",
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("external_id", sa.String(255), nullable=False),
        sa.Column("payload", json(), nullable=False),
        sa.Column("received_at", instant(), nullable=False),
        sa.Column("handled_at", instant()),
        sa.PrimaryKeyConstraint("source", "external_id", name="pk_messaging_inbox"),
    )
    _create_jobs()
    op.create_table(
        "jobs_leases",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("holder", sa.String(128), nullable=False),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("lease_until", instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_jobs_leases"),
    )


def _create_outbox() -> None:
    op.create_table(
        "messaging_outbox",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("object_id", sa.String(300), nullable=False),
        sa.Column("occurred_at", instant(), nullable=False),
        sa.Column("invocation_id", key()),
        sa.Column("data", json(), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("due_at", instant(), nullable=False),
        sa.Column("lease_until", instant()),
        sa.Column("lease_token", sa.Integer, nullable=False),
        sa.Column("dispatched_at", instant()),
        sa.Column("error", sa.String(500)),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_messaging_outbox"),
    )
    _create_index("messaging_outbox", "waiting", ["due_at", "id"], "dispatched_at is null")
    _create_index("messaging_outbox", "dispatched", ["dispatched_at"], "dispatched_at is not null")


def _create_jobs() -> None:
    op.create_table(
        "jobs_jobs",
        sa.Column("id", key(), nullable=False),
        sa.Column("project_id", key(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("key", sa.String(255)),
        sa.Column("arguments", json(), nullable=False),
        sa.Column("every_seconds", sa.Float),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("due_at", instant(), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("lease_until", instant()),
        sa.Column("lease_token", sa.Integer, nullable=False),
        sa.Column("finished_at", instant()),
        sa.Column("buried_at", instant()),
        sa.Column("error", sa.String(500)),
        sa.PrimaryKeyConstraint("id", name="pk_jobs_jobs"),
        sa.UniqueConstraint("name", "key", name="uq_jobs_jobs_name_key"),
    )
    waits = "finished_at is null and buried_at is null"
    _create_index("jobs_jobs", "waiting", ["due_at", "id"], waits)
    _create_index("jobs_jobs", "finished", ["finished_at"], "finished_at is not null")
    _create_index("jobs_jobs", "buried", ["buried_at"], "buried_at is not null")


def _create_index(table: str, name: str, columns: list[str], where: str) -> None:
    rows = sa.text(where)
    op.create_index(f"ix_{table}_{name}", table, columns, postgresql_where=rows, sqlite_where=rows)


def downgrade() -> None:
    raise NotImplementedError("what waits to be told and done is not forgotten; restore a backup")
