"""The catalog: products, features, price books, and plans with their drafts and versions."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.types import instant, json, key

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    _products()
    _features()
    _books()
    _plans()
    _drafts()
    _versions()
    protect("catalog_versions")


def downgrade() -> None:
    raise NotImplementedError("plans were sold; restore a backup instead")


def _products() -> None:
    op.create_table(
        "products_products",
        sa.Column("id", key(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("description", sa.String(500)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.Column("archived_at", instant()),
        sa.PrimaryKeyConstraint("id", name="pk_products_products"),
    )
    op.create_index("ix_products_products_key", "products_products", ["key"], unique=True)


def _features() -> None:
    op.create_table(
        "products_features",
        sa.Column("id", key(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("unit", sa.String(40)),
        sa.Column("meter_key", sa.String(64)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("archived_at", instant()),
        sa.PrimaryKeyConstraint("id", name="pk_products_features"),
        sa.CheckConstraint(
            "(kind = 'quota') = (meter_key is not null)",
            name="ck_products_features_a_quota_has_a_meter",
        ),
        sa.CheckConstraint(
            "kind in ('switch', 'limit', 'quota')", name="ck_products_features_kind_is_known"
        ),
    )
    op.create_index("ix_products_features_key", "products_features", ["key"], unique=True)


def _books() -> None:
    op.create_table(
        "products_books",
        sa.Column("id", key(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("starts_at", instant()),
        sa.Column("ends_at", instant()),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_products_books"),
        sa.CheckConstraint(
            "starts_at < ends_at", name="ck_products_books_it_is_open_for_some_time"
        ),
    )
    op.create_index("ix_products_books_key", "products_books", ["key"], unique=True)
    op.create_table(
        "products_defaults",
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("book_id", key(), nullable=False),
        sa.PrimaryKeyConstraint("asset", name="pk_products_defaults"),
    )


def _plans() -> None:
    op.create_table(
        "catalog_plans",
        sa.Column("id", key(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("product_key", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("description", sa.String(500)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.Column("archived_at", instant()),
        sa.PrimaryKeyConstraint("id", name="pk_catalog_plans"),
    )
    op.create_index("ix_catalog_plans_key", "catalog_plans", ["key"], unique=True)
    op.create_index("ix_catalog_plans_product_key", "catalog_plans", ["product_key"])


def _terms() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("interval", sa.String(8), nullable=False),
        sa.Column("interval_count", sa.Integer, nullable=False),
        sa.Column("trial_days", sa.Integer, nullable=False),
        sa.Column("items", json(), nullable=False),
        sa.Column("entitlements", json(), nullable=False),
        sa.Column("included_credits", json()),
        sa.Column("notes", sa.String(500)),
    )


def _drafts() -> None:
    op.create_table(
        "catalog_drafts",
        sa.Column("plan_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        *_terms(),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="pk_catalog_drafts"),
    )
    op.create_index("ix_catalog_drafts_id", "catalog_drafts", ["id"], unique=True)


def _versions() -> None:
    op.create_table(
        "catalog_versions",
        sa.Column("id", key(), nullable=False),
        sa.Column("plan_id", key(), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        *_terms(),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("published_at", instant(), nullable=False),
        sa.Column("effective_at", instant(), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_catalog_versions"),
        sa.CheckConstraint(
            "effective_at >= published_at",
            name="ck_catalog_versions_nothing_takes_effect_in_the_past",
        ),
        sa.CheckConstraint("number > 0", name="ck_catalog_versions_numbers_begin_at_one"),
    )
    op.create_index(
        "ix_catalog_versions_number", "catalog_versions", ["plan_id", "number"], unique=True
    )
