"""Entitlements: who holds which plan version, exceptions, and migrations from one to another."""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, key

revision = "0019"
down_revision = "0021"

ASSIGNMENTS, MIGRATIONS = "entitlements_assignments", "moving_migrations"


def upgrade() -> None:
    _standings()
    _assignments()
    _overrides()
    _turns()
    _migrations()


def downgrade() -> None:
    raise NotImplementedError("projects hold plans; restore a backup instead")


def _standings() -> None:
    op.create_table(
        "entitlements_standings",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("stamp", key(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_entitlements_standings"),
    )


def _assignments() -> None:
    op.create_table(
        ASSIGNMENTS,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("product_key", sa.String(64), nullable=False),
        sa.Column("version_id", key(), nullable=False),
        sa.Column("source", sa.String(80), nullable=False),
        sa.Column("assigned_by", sa.String(160), nullable=False),
        sa.Column("anchor_at", instant(), nullable=False),
        sa.Column("starts_at", instant(), nullable=False),
        sa.Column("ends_at", instant()),
        sa.Column("closed_at", instant()),
        sa.Column("closed_for", sa.String(12)),
        sa.Column("migration_id", key()),
        sa.PrimaryKeyConstraint("project_id", "id", name=f"pk_{ASSIGNMENTS}"),
        sa.CheckConstraint("ends_at > starts_at", name=f"ck_{ASSIGNMENTS}_it_holds_for_some_time"),
        sa.CheckConstraint(
            "(closed_at is null) = (closed_for is null)",
            name=f"ck_{ASSIGNMENTS}_a_closed_one_says_why",
        ),
        sa.CheckConstraint(
            "closed_for in ('withdrawn', 'replaced', 'migrated')",
            name=f"ck_{ASSIGNMENTS}_closed_for_is_known",
        ),
    )
    is_open = sa.text("closed_at is null")
    op.create_index(
        f"ix_{ASSIGNMENTS}_one_open",
        ASSIGNMENTS,
        ["project_id", "product_key"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index(
        f"ix_{ASSIGNMENTS}_version",
        ASSIGNMENTS,
        ["version_id", "project_id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def _overrides() -> None:
    op.create_table(
        "entitlements_overrides",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("feature_key", sa.String(64), nullable=False),
        sa.Column("mode", sa.String(8), nullable=False),
        sa.Column("most", sa.BigInteger),
        sa.Column("per", sa.String(16)),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("set_by", sa.String(160), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant()),
        sa.PrimaryKeyConstraint("project_id", "feature_key", name="pk_entitlements_overrides"),
        sa.CheckConstraint(
            "mode in ('grant', 'deny', 'limit')", name="ck_entitlements_overrides_mode_is_known"
        ),
        sa.CheckConstraint(
            "(mode = 'limit') = (most is not null)",
            name="ck_entitlements_overrides_a_limit_says_how_much",
        ),
        sa.CheckConstraint("most >= 0", name="ck_entitlements_overrides_most_is_never_negative"),
    )


def _turns() -> None:
    op.create_table(
        "entitlements_turns",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("meter_key", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "meter_key", name="pk_entitlements_turns"),
    )


def _migrations() -> None:
    op.create_table(
        MIGRATIONS,
        sa.Column("id", key(), nullable=False),
        sa.Column("from_version_id", key(), nullable=False),
        sa.Column("to_version_id", key(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("moved", sa.Integer, nullable=False),
        sa.Column("before_id", key(), nullable=False),
        sa.Column("reached", key()),
        sa.Column("asked_by", sa.String(160), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("finished_at", instant()),
        sa.PrimaryKeyConstraint("id", name=f"pk_{MIGRATIONS}"),
        sa.CheckConstraint(
            "state in ('running', 'finished')", name=f"ck_{MIGRATIONS}_state_is_known"
        ),
        sa.CheckConstraint(
            "(state = 'finished') = (finished_at is not null)",
            name=f"ck_{MIGRATIONS}_what_is_finished_says_when",
        ),
        sa.CheckConstraint("moved >= 0", name=f"ck_{MIGRATIONS}_moved_is_never_negative"),
    )
    is_running = sa.text("state = 'running'")
    op.create_index(
        f"ix_{MIGRATIONS}_one_running",
        MIGRATIONS,
        ["from_version_id"],
        unique=True,
        sqlite_where=is_running,
        postgresql_where=is_running,
    )
    op.create_index(
        f"ix_{MIGRATIONS}_from_version_id", MIGRATIONS, ["from_version_id", "created_at"]
    )
