"""What went back of payments, what banks dispute, what the processor kept and paid out."""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, json, key

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    _refunds()
    _disputes()
    _movements()
    _payouts()
    _reconciliations()
    _differences()


def downgrade() -> None:
    raise NotImplementedError("money went back of payments; restore a backup instead")


def _refunds() -> None:
    op.create_table(
        "settling_refunds",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("payment_id", key(), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(64)),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("refusal", json()),
        sa.Column("failure_reason", sa.String(255)),
        sa.Column("external_id", sa.String(255)),
        sa.Column("credits_due", sa.BigInteger, nullable=False),
        sa.Column("bonus_due", sa.BigInteger, nullable=False),
        sa.Column("credits_taken", sa.BigInteger, nullable=False),
        sa.Column("bonus_taken", sa.BigInteger, nullable=False),
        sa.Column("transaction_id", key()),
        sa.Column("bonus_transaction_id", key()),
        sa.Column("reversed_at", instant()),
        sa.Column("created_by", sa.String(160), nullable=False),
        sa.Column("invocation_id", key()),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("seen_at", instant()),
        sa.Column("booked_at", instant()),
        sa.Column("closed_at", instant()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_settling_refunds"),
        sa.UniqueConstraint(
            "project_id", "external_id", name="uq_settling_refunds_project_id_external_id"
        ),
        sa.CheckConstraint(
            "(state = 'refused') = (refusal is not null)",
            name="ck_settling_refunds_a_refusal_says_why",
        ),
        sa.CheckConstraint(
            "credits_taken between 0 and credits_due and bonus_taken between 0 and bonus_due",
            name="ck_settling_refunds_no_more_is_taken_than_is_due",
        ),
        sa.CheckConstraint("amount > 0", name="ck_settling_refunds_something_goes_back"),
        sa.CheckConstraint(
            "state in ('asked', 'pending', 'succeeded', 'failed', 'canceled', 'refused')",
            name="ck_settling_refunds_state_is_known",
        ),
        sa.CheckConstraint(
            "(booked_at is null) = (transaction_id is null)",
            name="ck_settling_refunds_what_is_booked_has_a_transaction",
        ),
    )
    op.create_index("ix_settling_refunds_created_at", "settling_refunds", ["created_at"])
    op.create_index("ix_settling_refunds_external_id", "settling_refunds", ["external_id"])
    op.create_index(
        "ix_settling_refunds_payment_id", "settling_refunds", ["project_id", "payment_id"]
    )


def _disputes() -> None:
    op.create_table(
        "settling_disputes",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("payment_id", key(), nullable=False),
        sa.Column("external_id", sa.String(255), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("evidence_due_at", instant()),
        sa.Column("hold_id", key()),
        sa.Column("frozen", sa.BigInteger, nullable=False),
        sa.Column("credits_due", sa.BigInteger, nullable=False),
        sa.Column("bonus_due", sa.BigInteger, nullable=False),
        sa.Column("credits_taken", sa.BigInteger, nullable=False),
        sa.Column("bonus_taken", sa.BigInteger, nullable=False),
        sa.Column("transaction_id", key()),
        sa.Column("bonus_transaction_id", key()),
        sa.Column("written_off", sa.BigInteger, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("seen_at", instant(), nullable=False),
        sa.Column("closed_at", instant()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_settling_disputes"),
        sa.UniqueConstraint(
            "project_id", "external_id", name="uq_settling_disputes_project_id_external_id"
        ),
        sa.CheckConstraint(
            "amount >= 0 and frozen >= 0", name="ck_settling_disputes_amounts_are_not_negative"
        ),
        sa.CheckConstraint(
            "credits_taken between 0 and credits_due and bonus_taken between 0 and bonus_due",
            name="ck_settling_disputes_no_more_is_taken_than_is_due",
        ),
    )
    op.create_index("ix_settling_disputes_created_at", "settling_disputes", ["created_at"])
    op.create_index("ix_settling_disputes_external_id", "settling_disputes", ["external_id"])
    op.create_index(
        "ix_settling_disputes_payment_id", "settling_disputes", ["project_id", "payment_id"]
    )


def _movements() -> None:
    op.create_table(
        "settling_movements",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("external_id", sa.String(255), nullable=False),
        sa.Column("payment_id", key(), nullable=False),
        sa.Column("dispute_id", key()),
        sa.Column("category", sa.String(64), nullable=False),
        sa.Column("source_id", sa.String(255), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("fee", sa.BigInteger, nullable=False),
        sa.Column("net", sa.BigInteger, nullable=False),
        sa.Column("occurred_at", instant(), nullable=False),
        sa.Column("booked_at", instant(), nullable=False),
        sa.Column("transaction_id", key()),
        sa.Column("payout_id", sa.String(255)),
        sa.PrimaryKeyConstraint("project_id", "external_id", name="pk_settling_movements"),
        sa.CheckConstraint(
            "net = amount - fee", name="ck_settling_movements_net_is_without_the_fee"
        ),
    )
    op.create_index("ix_settling_movements_external_id", "settling_movements", ["external_id"])
    op.create_index("ix_settling_movements_payout_id", "settling_movements", ["payout_id"])


def _payouts() -> None:
    op.create_table(
        "settling_payouts",
        sa.Column("external_id", sa.String(255), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("listed", sa.BigInteger, nullable=False),
        sa.Column("booked", sa.BigInteger, nullable=False),
        sa.Column("is_automatic", sa.Boolean, nullable=False),
        sa.Column("failure_code", sa.String(64)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("arrives_at", instant(), nullable=False),
        sa.Column("seen_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("external_id", name="pk_settling_payouts"),
    )
    op.create_index("ix_settling_payouts_created_at", "settling_payouts", ["created_at"])


def _reconciliations() -> None:
    op.create_table(
        "reconciling_reconciliations",
        sa.Column("id", key(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("start_at", instant(), nullable=False),
        sa.Column("end_at", instant(), nullable=False),
        sa.Column("counts", json(), nullable=False),
        sa.Column("differences", sa.Integer, nullable=False),
        sa.Column("error", sa.String(500)),
        sa.Column("asked_by", sa.String(160), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("finished_at", instant()),
        sa.PrimaryKeyConstraint("id", name="pk_reconciling_reconciliations"),
        sa.CheckConstraint(
            "(state = 'running') = (finished_at is null)",
            name="ck_reconciling_reconciliations_finishes_at_an_instant",
        ),
        sa.CheckConstraint(
            "state in ('running', 'clean', 'different', 'failed')",
            name="ck_reconciling_reconciliations_state_is_known",
        ),
    )


def _differences() -> None:
    op.create_table(
        "reconciling_differences",
        sa.Column("reconciliation_id", key(), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("object", sa.String(32), nullable=False),
        sa.Column("about_project_id", key()),
        sa.Column("our_id", sa.String(64)),
        sa.Column("external_id", sa.String(255)),
        sa.Column("ours", sa.String(255)),
        sa.Column("theirs", sa.String(255)),
        sa.PrimaryKeyConstraint("reconciliation_id", "number", name="pk_reconciling_differences"),
    )
