"""Packs: credits for sale, their prices, and which projects see them."""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, key

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "packs_packs",
        sa.Column("id", key(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("description", sa.String(500)),
        sa.Column("credits", sa.BigInteger, nullable=False),
        sa.Column("bonus", sa.BigInteger, nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("expires_after_days", sa.Integer),
        sa.Column("visibility", sa.String(8), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.Column("archived_at", instant()),
        sa.Column("product_id", sa.String(255)),
        sa.Column("sync_state", sa.String(8), nullable=False),
        sa.Column("sync_code", sa.String(64)),
        sa.Column("sync_reason", sa.String(500)),
        sa.Column("synced_version", sa.Integer, nullable=False),
        sa.Column("synced_at", instant()),
        sa.PrimaryKeyConstraint("id", name="pk_packs_packs"),
        sa.CheckConstraint("credits > 0", name="ck_packs_packs_a_pack_has_credits"),
        sa.CheckConstraint("bonus >= 0", name="ck_packs_packs_bonus_is_never_negative"),
        sa.CheckConstraint(
            "sync_state in ('waiting', 'synced', 'refused', 'drifted')",
            name="ck_packs_packs_sync_state_is_known",
        ),
        sa.CheckConstraint(
            "visibility in ('all', 'listed')",
            name="ck_packs_packs_visibility_is_known",
        ),
    )
    op.create_index("ix_packs_packs_key", "packs_packs", ["key"], unique=True)
    op.create_index("ix_packs_packs_product_id", "packs_packs", ["product_id"])
    op.create_table(
        "packs_prices",
        sa.Column("id", key(), nullable=False),
        sa.Column("pack_id", key(), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("retired_at", instant()),
        sa.Column("external_id", sa.String(255)),
        sa.Column("archived_at", instant()),
        sa.PrimaryKeyConstraint("id", name="pk_packs_prices"),
        sa.CheckConstraint("amount > 0", name="ck_packs_prices_a_price_asks_for_something"),
    )
    op.create_index("ix_packs_prices_external_id", "packs_prices", ["external_id"])
    op.create_index(
        "ix_packs_prices_one_is_asked",
        "packs_prices",
        ["pack_id"],
        unique=True,
        sqlite_where=sa.text("retired_at is null"),
        postgresql_where=sa.text("retired_at is null"),
    )
    op.create_index("ix_packs_prices_pack_id", "packs_prices", ["pack_id", "id"])
    op.create_table(
        "packs_visible",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("pack_id", key(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "pack_id", name="pk_packs_visible"),
    )
    op.create_index("ix_packs_visible_pack_id", "packs_visible", ["pack_id"])


def downgrade() -> None:
    raise NotImplementedError("packs were sold; restore a backup instead")
