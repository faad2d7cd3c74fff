"""Packages: products that are sold together, in versions that never change."""

import sqlalchemy as sa
from alembic import op

from migrations import append_only
from migrations.types import instant, json, key

revision = "0023"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "packages_packages",
        sa.Column("id", key(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("archived_at", instant()),
        sa.PrimaryKeyConstraint("id", name="pk_packages_packages"),
        sa.CheckConstraint("version > 0", name="ck_packages_packages_versions_count_from_one"),
    )
    op.create_index("ix_packages_packages_key", "packages_packages", ["key"], unique=True)
    op.create_table(
        "packages_versions",
        sa.Column("package_id", key(), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("description", sa.String(500)),
        sa.Column("terms", json(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("package_id", "version", name="pk_packages_versions"),
    )
    append_only.protect("packages_versions")


def downgrade() -> None:
    raise NotImplementedError("packages were sold; restore a backup instead")
