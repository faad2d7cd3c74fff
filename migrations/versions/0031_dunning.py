"""Dunning: campaigns, runs with their steps and their log, and renewals that are told of."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.types import instant, json, key

revision = "0031"
down_revision = "0033"

CAMPAIGNS, RUNS, STEPS = "dunning_campaigns", "dunning_runs", "dunning_steps"
LOG, RENEWALS, PAGES = "dunning_log", "dunning_renewals", "dunning_pages"


def upgrade() -> None:
    _campaigns()
    _runs()
    _steps()
    _log()
    _renewals()
    op.create_table(
        PAGES,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("checkout_id", key()),
        sa.Column("opened_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name=f"pk_{PAGES}"),
    )


def downgrade() -> None:
    raise NotImplementedError("payments are being asked for; restore a backup instead")


def _index(
    table: str, name: str, columns: list[str], *, where: str | None = None, unique: bool = False
) -> None:
    only = sa.text(where) if where else None
    op.create_index(
        f"ix_{table}_{name}",
        table,
        columns,
        unique=unique,
        sqlite_where=only,
        postgresql_where=only,
    )


def _campaigns() -> None:
    op.create_table(
        CAMPAIGNS,
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("product_key", sa.String(64)),
        sa.Column("terms", json(), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=f"pk_{CAMPAIGNS}"),
        sa.CheckConstraint(
            "(key = 'default') = (product_key is null)",
            name=f"ck_{CAMPAIGNS}_the_default_is_for_all",
        ),
    )
    of_one = "product_key is not null"
    _index(CAMPAIGNS, "product_key", ["product_key"], where=of_one, unique=True)


def _runs() -> None:
    rules = {
        "state_is_known": "state in ('open', 'suspended', 'closed')",
        "what_is_over_is_closed": "(state = 'closed') = (closed_at is not null)",
        "what_is_over_says_how": "(closed_at is null) = (outcome is null)",
        "a_suspension_has_begun": "state <> 'suspended' or suspended_at is not null",
    }
    op.create_table(
        RUNS,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("invoice_id", key(), nullable=False),
        sa.Column("subscription_id", key()),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("campaign_key", sa.String(64), nullable=False),
        sa.Column("terms", json(), nullable=False),
        sa.Column("failed_at", instant(), nullable=False),
        sa.Column("ends_at", instant(), nullable=False),
        sa.Column("reason", sa.String(500)),
        sa.Column("method_id", key()),
        sa.Column("asked_at", instant()),
        sa.Column("refused_method_id", key()),
        sa.Column("refused_at", instant()),
        sa.Column("logged", sa.Integer, nullable=False),
        sa.Column("opened_at", instant(), nullable=False),
        sa.Column("suspended_at", instant()),
        sa.Column("closed_at", instant()),
        sa.PrimaryKeyConstraint("project_id", "id", name=f"pk_{RUNS}"),
        *(sa.CheckConstraint(rule, name=f"ck_{RUNS}_{name}") for name, rule in rules.items()),
    )
    not_over = "closed_at is null"
    _index(RUNS, "one_open", ["project_id", "invoice_id"], where=not_over, unique=True)
    _index(RUNS, "invoice", ["project_id", "invoice_id", "id"])


def _steps() -> None:
    rules = {
        "kind_is_known": "kind in ('attempt', 'notice', 'end', 'close')",
        "a_notice_has_a_tone": "(kind = 'notice') = (tone is not null)",
        "what_is_done_says_how": "(done_at is null) = (result is null)",
    }
    op.create_table(
        STEPS,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("run_id", key(), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("tone", sa.String(6)),
        sa.Column("due_at", instant(), nullable=False),
        sa.Column("done_at", instant()),
        sa.Column("result", sa.String(24)),
        sa.PrimaryKeyConstraint("project_id", "run_id", "number", name=f"pk_{STEPS}"),
        *(sa.CheckConstraint(rule, name=f"ck_{STEPS}_{name}") for name, rule in rules.items()),
    )
    columns = ["due_at", "project_id", "run_id", "number"]
    _index(STEPS, "due", columns, where="done_at is null")


def _log() -> None:
    op.create_table(
        LOG,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("run_id", key(), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("what", sa.String(24), nullable=False),
        sa.Column("step", sa.Integer),
        sa.Column("attempt_id", sa.String(64)),
        sa.Column("done_by", sa.String(160), nullable=False),
        sa.Column("told", json(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "run_id", "number", name=f"pk_{LOG}"),
    )
    protect(LOG)


def _renewals() -> None:
    op.create_table(
        RENEWALS,
        sa.Column("project_id", key(), nullable=False),
        sa.Column("subscription_id", key(), nullable=False),
        sa.Column("renews_at", instant(), nullable=False),
        sa.Column("due_at", instant(), nullable=False),
        sa.Column("done_at", instant()),
        sa.Column("result", sa.String(24)),
        sa.PrimaryKeyConstraint(
            "project_id", "subscription_id", "renews_at", name=f"pk_{RENEWALS}"
        ),
        sa.CheckConstraint(
            "(done_at is null) = (result is null)", name=f"ck_{RENEWALS}_what_is_done_says_how"
        ),
    )
    columns = ["due_at", "project_id", "subscription_id"]
    _index(RENEWALS, "due", columns, where="done_at is null")
