"""What a promotion code took off a checkout, and what the provider's page calls what it sells."""

import sqlalchemy as sa
from alembic import op

from migrations.types import key

revision = "0025"
down_revision = "0018"

CHECKOUTS = "checkouts_checkouts"


def upgrade() -> None:
    op.add_column(CHECKOUTS, sa.Column("discount_id", key()))
    op.add_column(CHECKOUTS, sa.Column("discount", sa.BigInteger))
    op.add_column(CHECKOUTS, sa.Column("title", sa.String(160)))


def downgrade() -> None:
    raise NotImplementedError("what was sold at a discount would be forgotten")
