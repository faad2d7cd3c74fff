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
    op.create_index(
        "ix_wallets_wallets_project_id_asset", "wallets_wallets", ["project_id", "asset"]
    )


def downgrade() -> None:
    raise NotImplementedError("wallets hold money; restore a backup instead")
