"""The shelf: how far the payment provider knows each published plan and its prices."""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, json, key

revision = "0018"
down_revision = "0023"

SHELVES, PRICES = "shelving_shelves", "shelving_prices"


def upgrade() -> None:
    _shelves()
    _prices()


def downgrade() -> None:
    op.drop_table(PRICES)
    op.drop_table(SHELVES)


def _shelves() -> None:
    op.create_table(
        SHELVES,
        sa.Column("plan_id", key(), nullable=False),
        sa.Column("plan_key", sa.String(64), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("product_id", sa.String(255)),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("code", sa.String(64)),
        sa.Column("reason", sa.String(500)),
        sa.Column("drift", sa.String(500)),
        sa.Column("synced_revision", sa.Integer, nullable=False),
        sa.Column("synced_at", instant()),
        sa.Column("checked_at", instant()),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("archived_at", instant()),
        sa.PrimaryKeyConstraint("plan_id", name="pk_shelving_shelves"),
        sa.CheckConstraint(
            "state in ('waiting', 'synced', 'refused')", name="ck_shelving_shelves_state_is_known"
        ),
    )
    op.create_index("ix_shelving_shelves_plan_key", SHELVES, ["plan_key"], unique=True)
    op.create_index("ix_shelving_shelves_product_id", SHELVES, ["product_id"])


def _prices() -> None:
    op.create_table(
        PRICES,
        sa.Column("id", key(), nullable=False),
        sa.Column("plan_id", key(), nullable=False),
        sa.Column("version_id", key(), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("item_key", sa.String(64), nullable=False),
        sa.Column("book_key", sa.String(64), nullable=False),
        sa.Column("meter_key", sa.String(64)),
        sa.Column("cost", json()),
        sa.Column("billed_by_us", sa.String(500)),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("external_id", sa.String(255)),
        sa.Column("refused", sa.String(500)),
        sa.Column("drift", sa.String(500)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("archived_at", instant()),
        sa.PrimaryKeyConstraint("id", name="pk_shelving_prices"),
        sa.CheckConstraint(
            "(cost is null) = (billed_by_us is not null)",
            name="ck_shelving_prices_what_is_not_there_has_a_reason",
        ),
    )
    place = ["version_id", "item_key", "book_key"]
    op.create_index("ix_shelving_prices_place", PRICES, place, unique=True)
    op.create_index("ix_shelving_prices_plan_id", PRICES, ["plan_id", "version"])
    op.create_index("ix_shelving_prices_external_id", PRICES, ["external_id"])
