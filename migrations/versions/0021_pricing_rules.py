"""Pricing rules and their versions, the properties they may ask for, and facts about projects."""

import sqlalchemy as sa
from alembic import op

from migrations import append_only
from migrations.types import instant, json, key

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    _make_rules()
    _make_versions()
    _make_properties()
    op.create_table(
        "pricing_facts_projects",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("country", sa.String(2)),
        sa.Column("region", sa.String(6)),
        sa.Column("segments", json(), nullable=False),
        sa.Column("properties", json(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_pricing_facts_projects"),
    )


def _make_rules() -> None:
    op.create_table(
        "pricing_rules_rules",
        sa.Column("id", key(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("archived_at", instant()),
        sa.PrimaryKeyConstraint("id", name="pk_pricing_rules_rules"),
        sa.CheckConstraint("version > 0", name="ck_pricing_rules_rules_versions_count_from_one"),
    )
    op.create_index("ix_pricing_rules_rules_key", "pricing_rules_rules", ["key"], unique=True)


def _make_versions() -> None:
    op.create_table(
        "pricing_rules_versions",
        sa.Column("rule_id", key(), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("terms", json(), nullable=False),
        sa.Column("effective_at", instant(), nullable=False),
        sa.Column("ends_at", instant()),
        sa.Column("created_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", "version", name="pk_pricing_rules_versions"),
        sa.CheckConstraint(
            "ends_at > effective_at",
            name="ck_pricing_rules_versions_a_version_ends_after_it_begins",
        ),
        sa.CheckConstraint(
            "effective_at >= created_at",
            name="ck_pricing_rules_versions_the_past_keeps_its_rules",
        ),
    )
    append_only.protect("pricing_rules_versions")


def _make_properties() -> None:
    op.create_table(
        "pricing_facts_properties",
        sa.Column("whose", sa.String(8), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("type", sa.String(8), nullable=False),
        sa.Column("description", sa.String(500)),
        sa.Column("allowed", json(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("whose", "name", name="pk_pricing_facts_properties"),
        sa.CheckConstraint(
            "whose in ('project', 'usage')", name="ck_pricing_facts_properties_owner_is_known"
        ),
        sa.CheckConstraint(
            "type in ('text', 'number', 'boolean')",
            name="ck_pricing_facts_properties_type_is_known",
        ),
    )


def downgrade() -> None:
    raise NotImplementedError("prices were made by these rules; restore a backup instead")
