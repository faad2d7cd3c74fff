"""Test clocks: the time of a project in an installation in test mode."""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, key

revision = "0034"
down_revision = "0032"

CLOCKS = "clocks_clocks"


def upgrade() -> None:
    op.create_table(
        CLOCKS,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("shows_at", instant(), nullable=False),
        sa.Column("goal_at", instant()),
        sa.Column("advance_id", key()),
        sa.Column("steps", sa.Integer, nullable=False),
        sa.Column("stopped_because", sa.String(500)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("changed_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name=f"pk_{CLOCKS}"),
        sa.CheckConstraint("shows_at <= goal_at", name=f"ck_{CLOCKS}_it_only_goes_forward"),
        sa.CheckConstraint(
            "goal_at is null or advance_id is not null",
            name=f"ck_{CLOCKS}_an_advance_has_a_goal",
        ),
    )


def downgrade() -> None:
    op.drop_table(CLOCKS)
