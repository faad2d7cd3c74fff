"""Wallets: the names under which projects and members hold an asset."""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, key

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "wallets_wallets",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("user_id", key()),
        sa.Column("created_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_wallets_wallets"),
    )
    only_own = sa.text("user_id is null")
    op.create_index(
        "ix_wallets_wallets_of_the_project",
        "wallets_wallets",
        ["project_id", "asset", "id"],
        postgresql_where=only_own,
        sqlite_where=only_own,
    )


def downgrade() -> None:
    raise NotImplementedError("wallets hold money; restore a backup instead")
